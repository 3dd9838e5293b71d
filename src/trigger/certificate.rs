//! Certificate: whether one that was fetched is who it says it is, by way of somebody who is trusted for it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// Most certificates of one file.
pub(super) const CERTIFICATES_MAX: usize = 16;

/// Who can vouch for a certificate.
#[derive(Clone)]
pub struct Roots(Vec<TrustAnchor<'static>>);

impl Roots {
    /// Those that browsers trust: Mozilla's list, as of this version.
    #[must_use]
    pub fn usual() -> Self {
        Self(webpki_roots::TLS_SERVER_ROOTS.to_vec())
    }

    /// Those of a PEM text alone. `None`: it holds none, or one that cannot be read.
    #[must_use]
    pub fn of(pem: &str) -> Option<Self> {
        let roots = all(pem.as_bytes())?;
        let anchors = roots
            .iter()
            .map(|root| Some(anchor_from_trusted_cert(root).ok()?.to_owned()));
        anchors.collect::<Option<_>>().map(Self)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Roots({})", self.0.len())
    }
}

/// All certificates of a PEM text. `None`: it holds none, or one that cannot be read.
pub(super) fn all(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).take(CERTIFICATES_MAX);
    let certificates = certificates.collect::<Result<Vec<_>, _>>().ok()?;
    (!certificates.is_empty()).then_some(certificates)
}

/// The first of these certificates, if one of the roots vouches for it, by way of the others, at this time and under such a name.
///
/// # Errors
/// What is wrong with it, for the operator.
pub(super) fn prove<'c>(
    certificates: &'c [CertificateDer<'static>],
    roots: &Roots,
    now: Timestamp,
    is_right: impl Fn(&str) -> bool,
) -> Result<&'c CertificateDer<'static>, String> {
    let unreadable = || "it cannot be read".to_owned();
    let (first, others) = certificates.split_first().ok_or_else(unreadable)?;
    let leaf = EndEntityCert::try_from(first).map_err(|_| unreadable())?;
    let since = u64::try_from(now.as_second()).unwrap_or(0);
    let proven = leaf.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &roots.0,
        others,
        UnixTime::since_unix_epoch(Duration::from_secs(since)),
        KeyUsage::server_auth(),
        None,
        None,
    );
    proven.map_err(|error| complaint(&error))?;
    if !leaf.valid_dns_names().any(is_right) {
        return Err("it is somebody else's".to_owned());
    }
    Ok(first)
}

fn complaint(error: &webpki::Error) -> String {
    match error {
        webpki::Error::CertExpired { .. } => "it has expired".to_owned(),
        webpki::Error::CertNotValidYet { .. } => "it is not valid yet".to_owned(),
        webpki::Error::UnknownIssuer => {
            "nobody who is trusted for it has issued it, or a certificate in between is not there"
                .to_owned()
        }
        other => format!("it is not as it must be ({other})"),
    }
}
