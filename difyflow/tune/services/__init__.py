"""The fine-tuning services, a file each: what it takes, and how it is told to train.

Each file holds `SERVICE`, a `difyflow.tune.service.Service`.
"""
