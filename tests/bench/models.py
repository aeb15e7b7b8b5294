"""The rows of the bare page. `declaring.py` makes their table in the database that it measures."""

from django.db import models


class Line(models.Model):
    text = models.CharField("texte", max_length=200)
    at = models.DateTimeField("date", auto_now_add=True)

    class Meta:
        managed = False
        db_table = "bench_line"
        app_label = "bench"

    def __str__(self) -> str:
        return self.text
