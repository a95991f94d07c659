"""Addresses on another host, where CDN_URL names one: static files go there by themselves, pictures by a filter."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from monolith.prefixes import RENDITIONS

register = template.Library()


@register.filter
def cdn(addresses: str) -> str:
    """Of pictures: one address, or a srcset of several."""
    if not settings.CDN_URL:
        return addresses
    return addresses.replace(RENDITIONS, f"{settings.CDN_URL}{RENDITIONS}")


@register.simple_tag
def static_here(name: str) -> str:
    """The address of a static file on the site itself: browsers draw no icon out of another host's file."""
    return str(staticfiles_storage.url(name)).removeprefix(settings.CDN_URL)
