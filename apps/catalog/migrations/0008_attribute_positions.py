from django.core.validators import MaxValueValidator
from django.db import migrations, models

LAST = 2_147_483_647


def bring_within(apps, schema_editor):
    """The form took larger ones than the API; what is beyond stands last."""
    attributes = apps.get_model("catalog", "Attribute").objects.using(schema_editor.connection.alias)
    attributes.filter(position__gt=LAST).update(position=LAST)


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0007_values_in_other_languages"),
    ]

    operations = [
        migrations.RunPython(bring_within, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="attribute",
            name="position",
            field=models.PositiveIntegerField(
                default=0, validators=[MaxValueValidator(LAST)], verbose_name="position"
            ),
        ),
    ]
