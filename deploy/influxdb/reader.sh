#!/bin/sh
# Run once by the image of InfluxDB 2 after its set-up: a login that reads the bucket by InfluxQL
# and may nothing else, for Grafana.
set -eu
influx v1 dbrp create --org "$DOCKER_INFLUXDB_INIT_ORG" \
  --bucket-id "$DOCKER_INFLUXDB_INIT_BUCKET_ID" \
  --db "$DOCKER_INFLUXDB_INIT_BUCKET" --rp autogen --default
influx v1 auth create --org "$DOCKER_INFLUXDB_INIT_ORG" \
  --read-bucket "$DOCKER_INFLUXDB_INIT_BUCKET_ID" \
  --username "$READER_USERNAME" --password "$READER_PASSWORD"
