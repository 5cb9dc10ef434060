"""The settings that keep a dashboard to one tenant, one machine and whoever holds the token."""

from pathlib import Path

import pytest
from traitlets.config.loader import PyFileConfigLoader
from voila.paths import collect_template_paths

APPS = Path(__file__).parent.parent.parent / "voila_apps"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text("secret\n")
    monkeypatch.setenv("WSS_TOKEN_FILE", str(token))
    return PyFileConfigLoader("voila.py", str(APPS / "config")).load_config()


def test_nothing_can_be_overridden_from_the_address_bar(settings):
    assert settings.VoilaConfiguration.allow_template_override == "NO"
    assert settings.VoilaConfiguration.allow_theme_override == "NO"
    assert settings.VoilaConfiguration.strip_sources is True
    assert settings.VoilaConfiguration.show_tracebacks is False
    assert settings.VoilaConfiguration.file_allowlist == []


def test_loopback_and_token_from_the_file(settings):
    assert settings.Voila.ip == "127.0.0.1"
    assert settings.Voila.token == "secret"
    assert settings.MappingKernelManager.cull_idle_timeout > 0


@pytest.mark.parametrize("template", sorted((APPS / "share").rglob("*.html*"), key=str), ids=lambda p: p.name)
def test_our_templates_name_no_other_host(template):
    assert "http:" not in template.read_text()
    assert "https:" not in template.read_text()


def test_voila_finds_our_template(monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(APPS / "share"))
    assert collect_template_paths(["voila", "nbconvert"], "wss", prune=True)[0] == str(APPS / "share/voila/templates/wss")
