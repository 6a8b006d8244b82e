# Two stages: the program is built, then stands alone: no shell, no package manager, no root. It writes to /data alone (the
# master key and the files of datasets: keep a volume there), the rest of its file system may be read-only, and it needs a
# PostgreSQL by WAYPOST_DATABASE_URL (see compose.yaml, docs/database.md).
FROM golang:1.26-bookworm AS build
WORKDIR /src
RUN mkdir -m 0700 /empty
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG COMMIT
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X waypost/internal/platform/build.commit=$COMMIT" -o /waypost .

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /waypost /waypost
COPY --from=build --chown=65532:65532 /empty /data
ENV WAYPOST_ADDR=0.0.0.0:8080 WAYPOST_DATA_DIR=/data
EXPOSE 8080
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["/waypost", "health"]
ENTRYPOINT ["/waypost"]
CMD ["serve"]
