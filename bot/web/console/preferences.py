"""How a user wants to see things: light or dark, which time zone, how dates are written."""

from __future__ import annotations

from itertools import starmap
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, flash, make_response, redirect
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, ValidationError

from bot.errors import BadInput
from bot.tenancy import time_zones
from bot.web.console.page import show
from bot.web.security import SIGNED_IN, permission
from bot.web.visitor import visitor, writing
from models import UserPreference

APPEARANCES = {"system": "As the device", "light": "Light", "dark": "Dark"}
DATES = {"iso": "2026-11-22, 14:03", "us": "Nov 22, 2026, 2:03 PM", "eu": "22 Nov 2026, 14:03"}


class PreferencesForm(FlaskForm):
    """A user's own choices."""

    theme = RadioField("Appearance", choices=list(starmap(SelectChoice, APPEARANCES.items())))
    date_format = RadioField("Dates", choices=list(starmap(SelectChoice, DATES.items())))
    timezone = StringField("Time zone", [InputRequired("Choose a time zone.")])

    def validate_timezone(self, field: Any) -> None:
        """A name of the IANA database."""
        try:
            field.data = time_zones.checked(field.data)
        except BadInput as wrong:
            raise ValidationError(wrong.words) from None


def install(app: Flask) -> None:
    """/preferences."""
    app.add_url_rule("/preferences", "preferences", ask, methods=("GET",))
    app.add_url_rule("/preferences", "preferences_save", save, methods=("POST",))


@permission(SIGNED_IN)
def ask() -> Response:
    """The form, filled with what holds now."""
    now = visitor().preferences
    return _page(PreferencesForm(theme=now.theme, date_format=now.date_format, timezone=now.zone.key))


@permission(SIGNED_IN)
def save() -> Response:
    """Keep the choices."""
    form, who = PreferencesForm(), visitor()
    if not form.validate():
        return _page(form, 422)
    with writing() as session:
        row = session.scalar(sa.select(UserPreference).where(UserPreference.user_id == who.user_id).with_for_update())
        if row is None:
            row = UserPreference(organization_id=who.organization_id, user_id=who.user_id)
            session.add(row)
        row.theme, row.date_format, row.timezone = form.theme.data, form.date_format.data, form.timezone.data
    flash("Your preferences are stored.")
    return make_response(redirect("/preferences", 303))


def _page(form: Any, status: int = 200) -> Response:
    return show("preferences.html", status, form=form, zones=time_zones.names())
