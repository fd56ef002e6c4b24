"""Serve a pipeline with vetiver, answering probabilities.

python serve.py MODEL.joblib PORT
"""

import sys

import joblib
import pandas as pd
from vetiver import VetiverAPI, VetiverModel
from vetiver.handlers.base import BaseHandler


class Probabilities(BaseHandler):
    """Answers what `predict_proba` says; the scikit-learn handler of vetiver asks `predict`."""

    pip_name = "scikit-learn"

    def handler_predict(self, input_data, check_prototype):
        """Return the probabilities of both classes per record."""
        return self.model.predict_proba(input_data).tolist()


def main() -> None:
    """Serve until the process is stopped."""
    model, port = sys.argv[1:]
    pipeline = joblib.load(model)
    example = {"texts": "text", "numbers": 1}
    prototype = pd.DataFrame(
        [
            {
                name: example[kind]
                for kind, _, names in pipeline.named_steps["curate"].transformers
                for name in names
            }
        ]
    )
    wrapped = VetiverModel(
        Probabilities(pipeline, prototype), model_name="adult", prototype_data=prototype
    )
    VetiverAPI(wrapped).run(port=int(port), quiet_open=True, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
