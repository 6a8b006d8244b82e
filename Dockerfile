# Two stages: the program is built, then stands alone with a user of its own. It needs a PostgreSQL by
# WAYPOST_DATABASE_URL, since this image has none.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /waypost .

FROM debian:bookworm-slim
RUN useradd --system --no-create-home waypost
COPY --from=build /waypost /usr/local/bin/waypost
ENV WAYPOST_ADDR=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s CMD ["waypost", "health"]
USER waypost
ENTRYPOINT ["waypost"]
CMD ["serve"]
