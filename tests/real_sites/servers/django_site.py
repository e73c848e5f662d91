"""A Django project in one folder, made and served as its documentation says: settings, migrations, a WSGI server."""

import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.files import File
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import re_path
from django.views.static import serve as serve_file
from waitress.server import create_server

APPS = ("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
        "django.contrib.staticfiles", "django.contrib.sites", "django.contrib.humanize")  # fmt: skip
PROCESSORS = ("django.template.context_processors.request", "django.template.context_processors.debug",
              "django.template.context_processors.media", "django.template.context_processors.static",
              "django.template.context_processors.i18n", "django.template.context_processors.tz",
              "django.contrib.auth.context_processors.auth",
              "django.contrib.messages.context_processors.messages")  # fmt: skip
MIDDLEWARE = ("django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware")  # fmt: skip


def make(folder: Path, *, apps: tuple[str, ...], **more: Any) -> None:
    """Configure Django for a site in this folder and make its database."""
    templates = more.pop("templates", ())
    processors = (*PROCESSORS, *more.pop("processors", ()))
    settings.configure(
        **{
            "INSTALLED_APPS": list(dict.fromkeys((*APPS, *apps))),
            "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "site.sqlite3"),
                                      "OPTIONS": {"init_command": "PRAGMA synchronous=OFF;"}}},
            "MEDIA_ROOT": str(folder / "media"), "MEDIA_URL": "/media/", "STATIC_URL": "/static/",
            "SECRET_KEY": "of a site on loopback that holds nothing", "ALLOWED_HOSTS": ["*"], "SITE_ID": 1,
            "USE_TZ": True, "TIME_ZONE": "Asia/Tokyo", "LANGUAGE_CODE": "ja", "DEBUG": False,
            "DEFAULT_AUTO_FIELD": "django.db.models.AutoField", "ROOT_URLCONF": (), "LOGIN_URL": "/login/",
            "MIDDLEWARE": [*MIDDLEWARE, *more.pop("middleware", ())],
            "TEMPLATES": [{
                "BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [*templates, str(folder)],
                "APP_DIRS": True, "OPTIONS": {"context_processors": list(processors)},
            }],
            **more,
        }
    )  # fmt: skip
    django.setup()
    call_command("migrate", verbosity=0)


def serve(urls: list[Any]) -> None:
    """Serve the site on a free port of loopback and say which, until the process is ended."""
    media = re_path(r"^media/(?P<path>.*)$", serve_file, {"document_root": settings.MEDIA_ROOT})
    settings.ROOT_URLCONF = (media, *urls)
    server = create_server(get_wsgi_application(), host="127.0.0.1", port=0)
    sys.stdout.write(f"{server.effective_port}\n")
    sys.stdout.flush()
    server.run()


def opened(drawn: Path, name: str) -> File:
    """Return one of the drawn pictures as Django takes an upload."""
    return File((drawn / name).open("rb"), name=name)


def folders() -> tuple[Path, Path]:
    """Return the site's own folder and the one with the drawn pictures, as the command line names them."""
    return Path(sys.argv[1]), Path(sys.argv[2])
