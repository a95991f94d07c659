"""How Django renders forms here: `{{ form }}` and `{{ field.as_field_group }}` by the templates of the look."""

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    form_template_name = "web/form.html"
    field_template_name = "web/field.html"
