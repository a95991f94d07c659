"""What pictures are found by, and how much room each person's take; both are filled from the pictures there are."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Sum

from apps.media.words import words_of

AT_ONCE = 500


def compare_bytes(apps, schema_editor):
    """Words are folded before they are stored, so bytes compare right, and a range of them is one of the index."""
    if schema_editor.connection.vendor == "mysql":
        schema_editor.execute(
            "ALTER TABLE media_assetword MODIFY word varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        )


def fill(apps, schema_editor):
    using = schema_editor.connection.alias
    Asset, AssetWord, Usage = (apps.get_model("media", name) for name in ("Asset", "AssetWord", "Usage"))
    assets = Asset.objects.using(using).only("owner_id", "title", "alt", "file_name")
    for asset in assets.iterator(chunk_size=AT_ONCE):
        AssetWord.objects.using(using).bulk_create(
            [
                AssetWord(asset=asset, owner_id=asset.owner_id, word=word)
                for word in words_of(asset.title, asset.alt, asset.file_name)
            ],
            ignore_conflicts=True,  # run again after it was broken off
        )
    owners = Asset.objects.using(using).values_list("owner_id")
    for owner_id, size in owners.annotate(size=Sum("original__bytes")).order_by():
        Usage.objects.using(using).update_or_create(owner_id=owner_id, defaults={"bytes": size})


class Migration(migrations.Migration):
    atomic = False  # MySQL commits at every change of a table
    dependencies = [("media", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Usage",
            fields=[
                ("owner_id", models.UUIDField(primary_key=True, serialize=False)),
                ("bytes", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="AssetWord",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "asset_id", "word", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("owner_id", models.UUIDField()),
                ("word", models.CharField(max_length=40)),
                (
                    "asset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="words",
                        to="media.asset",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["owner_id", "word", "asset"], name="media_word_own")],
            },
        ),
        migrations.RunPython(compare_bytes, migrations.RunPython.noop),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
