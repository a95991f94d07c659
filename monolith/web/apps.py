"""The shared look as a Django app."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "monolith.web"
    label = "web"
