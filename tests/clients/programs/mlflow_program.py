"""What a user of MLflow's scoring client does; prints what it got as JSON."""

import json
import sys
from urllib.parse import urlsplit

import pandas as pd
import requests
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

given = json.load(sys.stdin)
records = given["records"]
address = urlsplit(given["url"])
client = ScoringServerClient(address.hostname, address.port)
client.wait_server_ready(timeout=10)
client.ping()
frame = pd.DataFrame(records)


def predictions(data, **params):
    return client.invoke(data, params or None).get_predictions().to_numpy().tolist()


def posted(body, media):
    url = f"{given['url']}/invocations"
    answer = requests.post(url, data=body, headers={"Content-Type": media}, timeout=30)
    return answer.json()["predictions"], dict(answer.headers)


csv, headers = posted(frame.to_csv(index=False), "text/csv")
try:
    client.invoke(frame.assign(channel="fax"))
    error = ""
except Exception as raised:
    error = str(raised)

print(
    json.dumps(
        {
            "version": client.get_version(),
            "split": predictions(frame),
            "proba": predictions(frame, predict_method="predict_proba"),
            "by_version": predictions(frame, version=given["version"]),
            "records": posted(json.dumps({"dataframe_records": records}), "application/json")[0],
            "instances": posted(json.dumps({"instances": records}), "application/json")[0],
            "list": predictions(records),
            "csv": csv,
            "headers": {name.lower(): value for name, value in headers.items()},
            "health": requests.get(f"{given['url']}/health", timeout=10).status_code,
            "error": error,
        }
    )
)
