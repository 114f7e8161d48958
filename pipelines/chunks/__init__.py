"""Chunks: days that fan out into parts of the tenants, a step each, on one machine or on many.

Here: the job (job.py), which tenants a part has (dividing.py), where its steps run (executors.py), what passes between
them (values.py), and what keeps them from being lost (signs.py, submitted.py, broker.py).
Not here: what a day computes and how it is written (assets/).
"""
