"""Serve a pipeline with KServe's model server, as its own runtime for scikit-learn does.

python serve.py --model_file=MODEL.joblib --http_port=PORT
"""

import argparse

import joblib
from kserve import Model, ModelServer, model_server
from kserve.utils.utils import get_predict_input, get_predict_response


class Adult(Model):
    """A pipeline that answers probabilities."""

    def __init__(self, file: str) -> None:
        super().__init__("adult")
        self.pipeline = joblib.load(file)
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        """Answer one request."""
        result = self.pipeline.predict_proba(get_predict_input(payload))
        return get_predict_response(payload, result, self.name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    parser.add_argument("--model_file", required=True)
    arguments, _ = parser.parse_known_args()
    ModelServer(workers=1).start([Adult(arguments.model_file)])
