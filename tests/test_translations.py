"""Every string a person sees is there in every language, and no translation has been left behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import allauth
import django.conf
import polib
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.core.validators import MaxLengthValidator
from django.utils import translation

from apps.auth.wording import SENTENCES as OF_ALLAUTH
from monolith.management.commands import compile_translations
from monolith.wording import SENTENCES as OF_DJANGO

PACKAGES = sorted(
    path
    for pattern in compile_translations.PACKAGES
    for path in settings.BASE_DIR.glob(pattern)
    if (path / "__init__.py").exists()
)
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def name(package: Path) -> str:
    return str(package.relative_to(settings.BASE_DIR))


def unfinished(package: Path, language: str, workplace: Path) -> list[str]:
    """What makemessages finds in the sources and the .po does not translate, and what the .po has for nothing."""
    copy = workplace / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__", "static", "migrations"))
    (copy / "locale").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "django", "makemessages", "--locale", language, "--verbosity", "0"]
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=copy, check=True, timeout=120, env=environment)
    file = copy / "locale" / language / "LC_MESSAGES" / "django.po"
    catalogue = polib.pofile(str(file)) if file.exists() else []
    return [
        f"{'left behind' if entry.obsolete else 'untranslated'}: {entry.msgid!r}"
        for entry in catalogue
        if entry.obsolete or not entry.translated()
    ]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("xgettext"), reason="xgettext is missing: apt-get install gettext")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("package", PACKAGES, ids=name)
def test_every_string_is_translated(package: Path, language: str, tmp_path: Path) -> None:
    found = unfinished(package, language, tmp_path)
    assert not found, "\n".join(
        [
            f"cd {name(package)} && django-admin makemessages -l {language} --no-obsolete, then translate:",
            *found,
        ]
    )


@pytest.mark.skipif(not shutil.which("xgettext"), reason="xgettext is missing: apt-get install gettext")
def test_a_string_without_translation_is_found(tmp_path: Path) -> None:
    package = tmp_path / "planted"
    package.mkdir()
    (package / "views.py").write_text(
        'from django.utils.translation import gettext as _\n_("A new sentence.")\n'
    )
    assert unfinished(package, "es", tmp_path / "work") == ["untranslated: 'A new sentence.'"]


@pytest.mark.parametrize(
    ("package", "sentences"),
    [(Path(allauth.__file__).parent, OF_ALLAUTH), (Path(django.conf.__file__).parent, OF_DJANGO)],
    ids=["allauth", "django"],
)
def test_sentences_that_are_said_anew_are_still_their_own(package: Path, sentences: tuple[str, ...]) -> None:
    theirs = package / "locale" / "es" / "LC_MESSAGES" / "django.po"
    known = {entry.msgid: entry.msgstr for entry in polib.pofile(str(theirs))}
    assert set(sentences) <= known.keys()
    with translation.override("es"):
        assert [one for one in sentences if translation.gettext(one) == known[one]] == []


def test_what_is_too_long_is_said_anew_too() -> None:
    with translation.override("es"), pytest.raises(ValidationError) as refused:
        MaxLengthValidator(80)("x" * 81)
    with translation.override("es"):
        assert refused.value.messages == ["Escribe 80 caracteres como máximo; ahora hay 81."]


def test_translations_keep_their_placeholders() -> None:
    """A lost %(name)s is a KeyError in one language only; a lost <a> a page without its link."""
    for source in compile_translations.translations(settings.BASE_DIR):
        for entry in polib.pofile(str(source)).translated_entries():
            texts = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
            for text in texts:
                assert marks(text) <= marks(entry.msgid + entry.msgid_plural), f"{source}: {entry.msgid!r}"
            if not entry.msgid_plural:
                assert marks(entry.msgstr) == marks(entry.msgid), f"{source}: {entry.msgid!r}"


def marks(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+", text))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "django.po"
    broken.write_text('msgid "One"\nmsgstr "Uno"\nUno\n')
    with pytest.raises(CommandError, match=r"django\.po can't be read"):
        compile_translations.compile_if_stale(broken)
    assert not list(tmp_path.glob("*.mo*"))


def test_two_compile_the_same_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, both_have_written = tmp_path / "django.po", Barrier(2, timeout=30)
    shutil.copy(compile_translations.translations(settings.BASE_DIR)[0], source)
    save = polib.POFile.save_as_mofile

    def saved(catalogue: polib.POFile, file: str) -> None:
        save(catalogue, file)
        both_have_written.wait()

    monkeypatch.setattr(polib.POFile, "save_as_mofile", saved)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(compile_translations.compile_if_stale, [source] * 2)) == [True, True]
    assert sorted(tmp_path.iterdir()) == [source.with_suffix(".mo"), source]


def test_compiling_twice_does_the_work_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("compile_translations")
    call_command("compile_translations")
    assert "\n0 of " in "\n" + capsys.readouterr().out.splitlines()[-1]
