"""Reference values for tests.rs: scikit-learn's logistic regression on standardised codes.

Run: python probe.py > probe.json  (scikit-learn and NumPy; versions are written into the file)
"""
import json
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(7)
cases = []
for n, d, classes, l2 in [(60, 5, 3, 0.01), (40, 90, 4, 0.1), (200, 12, 2, 0.001), (30, 8, 5, 1.0)]:
    centres = rng.normal(size=(classes, d))
    labels = np.arange(n) % classes
    codes = np.maximum(centres[labels] + 1.5 * rng.normal(size=(n, d)), 0).astype(np.float32)
    codes[:, 1] *= 40  # standardisation matters
    codes[:, 2] = 3.0  # and this one never varies
    scaled = StandardScaler().fit_transform(codes.astype(np.float64))
    # Two classes by the softmax over both, as here, not by one logit: half the strength a logit's difference feels.
    strength = l2 * n if classes > 2 else l2 * n / 2
    model = LogisticRegression(C=1 / strength, solver="newton-cg", tol=1e-12, max_iter=10_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(scaled, labels)
    probabilities = model.predict_proba(scaled)
    loss = -np.log(probabilities[np.arange(n), labels])
    cases.append({"classes": classes, "l2": l2, "labels": labels.tolist(), "codes": codes.tolist(), "log_loss": loss.tolist()})
print(json.dumps({"scikit-learn": sklearn.__version__, "numpy": np.__version__, "cases": cases}))
