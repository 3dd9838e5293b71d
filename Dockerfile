# syntax=docker/dockerfile:1
#
# The daemon in a small image: one binary, the project of this repository, no shell, no root.
#
#     docker build -t kartwheel .
#     docker run -p 8080:8080 -e KARTWHEEL_TOKEN=… -v kartwheel-data:/srv/kartwheel/data --stop-timeout 100 kartwheel serve --sandbox
#     docker run -p 8080:8080 --env-file .env -v ./shop:/srv/kartwheel --stop-timeout 100 kartwheel        # your own project
#     docker exec … kartwheel runs list
#
# The stop time-out lets unsafe calls in flight end (`drain: 90s`). A project that is mounted must be writable for uid 65532 where its database lies.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches hold what is downloaded and built; the binary is taken out of them in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin kartwheel \
    && install -D -m 0755 target/release/kartwheel /image/usr/local/bin/kartwheel
RUN install -d /image/srv/kartwheel/rules /image/srv/kartwheel/data \
    && install -m 0644 kartwheel.yaml /image/srv/kartwheel/ \
    && cp -R rules/. /image/srv/kartwheel/rules/

# glibc, libgcc, root certificates, a user without rights; nothing else.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build --chown=65532:65532 /image/ /
WORKDIR /srv/kartwheel
VOLUME /srv/kartwheel/data
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
# There is no curl here: the binary asks its own daemon. With --json it says nothing of alerts: Docker keeps what is printed,
# and an alert can hold a link to log in by.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["kartwheel", "health", "--json"]
ENTRYPOINT ["kartwheel"]
CMD ["serve"]
