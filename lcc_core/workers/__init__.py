"""Work that pages ask for, done in processes beside the one that serves them."""

from lcc_core.workers.pool import Pool, Ticket, WorkerError
from lcc_core.workers.request import Request

__all__ = ["Pool", "Request", "Ticket", "WorkerError"]
