"""Warm kernels: a parent process that has imported what notebooks need forks a kernel in a moment (docs/kernels.md).

Whoever starts kernels names the kernel `wss`; where no parent serves, or it cannot, the launch is the stock one.
"""

from wss.kernels.start import Status, served, start, status, stop, warm

KERNEL = "wss"
"""Name of the kernelspec whose kernels are forked."""

__all__ = ["KERNEL", "Status", "served", "start", "status", "stop", "warm"]
