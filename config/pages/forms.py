from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Gives {{ form.name.as_field_group }} our label, help, error and control."""

    field_template_name = "field.html"
