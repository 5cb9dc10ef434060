"""SFTP server of all tenants: each logs in with its key and sees its inbox and outbox. The intake decides what is complete."""

from wss.sftp.keys import HOST_KEY, TENANT_KEYS
from wss.sftp.limits import Limits
from wss.sftp.server import SftpServer, start

__all__ = ["HOST_KEY", "TENANT_KEYS", "Limits", "SftpServer", "start"]
