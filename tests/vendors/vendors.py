"""The senders' own packages of PyPI at work; reads and prints what vendors.mjs does, which says how a line is written."""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "site-packages"))


class Then:
    """A clock that shows the time of the job."""

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


def slack(job):
    from slack_sdk.signature import SignatureVerifier

    verifier = SignatureVerifier(job["secret"], Then(job["at"]))
    if job["do"] == "sign":
        timestamp = str(job["at"])
        signature = verifier.generate_signature(timestamp=timestamp, body=job["body"])
        return {"headers": {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature}}
    return said(verifier.is_valid_request(job["body"], job["headers"]))


def paddle(job):
    from paddle_billing.Notifications.PaddleSignature import PaddleSignature
    from paddle_billing.Notifications.Secret import Secret

    if job["do"] == "sign":
        signed = str(job["at"]).encode() + b":" + job["body"]
        tag = PaddleSignature.calculate_hmac(job["secret"], signed).hexdigest()
        parts = PaddleSignature()
        header = f"{parts.TIMESTAMP}={job['at']};{parts.HASH_ALGORITHM_1}={tag}"
        return {"headers": {parts.HEADER: header}}
    header, body = job["headers"]["paddle-signature"], job["body"].decode()
    return said(PaddleSignature().verify(header, body, Secret(job["secret"])))


def said(accepted):
    return {"accepted": accepted, "why": None if accepted else "no"}


VENDORS = {"paddle": paddle, "slack": slack}

for line in sys.stdin.readlines():
    job = json.loads(line)
    job["body"] = base64.b64decode(job["body"])
    print(json.dumps(VENDORS[job["vendor"]](job)))
