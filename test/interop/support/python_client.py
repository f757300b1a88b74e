"""Runs code that comes as lines of JSON, with a client of the exporter that the environment names."""

import json
import os
import sys

from jumpstarter.common.utils import env

answers = os.fdopen(os.dup(1), "w", buffering=1)
# What libraries print must not be taken for an answer.
os.dup2(2, 1)


def answer(message):
    answers.write(json.dumps(message) + "\n")


def describe(error):
    return {"error": {"classes": [cls.__name__ for cls in type(error).__mro__], "message": str(error)}}


try:
    with env() as client:
        answer({"result": None})
        for line in sys.stdin:
            request = json.loads(line)
            names = {"client": client, **request["values"]}
            try:
                exec(request["code"], names)
                answer({"result": names.get("result")})
            except Exception as error:
                answer(describe(error))
except BaseException as error:
    answer(describe(error))
