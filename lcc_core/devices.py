"""Names of the processors that work can run on; :mod:`lcc_core.models.device` chooses one."""

DEVICES = ("auto", "cpu", "cuda", "mps")
