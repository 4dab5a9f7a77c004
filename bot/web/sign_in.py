"""The door of the console: /sign-in and /sign-out. Everything about passwords is `bot.tenancy.sign_in`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, Response, flash, make_response, redirect, render_template, request, session
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, SelectChoice, SelectField
from wtforms.validators import InputRequired, Length

from bot import clock
from bot.errors import Refused
from bot.tenancy import audit
from bot.tenancy import sign_in as door
from bot.tenancy.attempts import TooManyTries
from bot.tenancy.sessions import end
from bot.tenancy.sign_in import DEMONSTRATION_PASSWORD, Asked, SeveralOrganizations
from bot.web import visitor
from bot.web.parts import parts
from bot.web.security import SIGNED_IN, forgery, permission
from models import Role, User


class SignInForm(FlaskForm):
    """What the door asks for."""

    email = EmailField("E-mail", [InputRequired("Type your e-mail address."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Type your password."), Length(max=1000)])
    organization = SelectField("Organization", choices=[], validate_choice=False)
    next = HiddenField()


def install(app: Flask) -> None:
    """The two addresses."""
    app.add_url_rule("/sign-in", "sign_in", ask, methods=("GET",))
    app.add_url_rule("/sign-in", "sign_in_try", enter, methods=("POST",))
    app.add_url_rule("/sign-out", "sign_out", leave, methods=("POST",))


@permission("public")
def ask() -> Response:
    """The form; whoever is signed in goes on."""
    if visitor.find() is not None:
        return make_response(redirect(_onward(request.args.get("next")), 303))
    return _page(SignInForm(formdata=None, next=_onward(request.args.get("next"))))


@permission("public")
def enter() -> Response:
    """Try an e-mail and a password."""
    forgery.protect()
    form = SignInForm()
    if not form.validate():
        return _page(form, status=422)
    published = DEMONSTRATION_PASSWORD if parts().settings.demo else None
    try:
        token = door.sign_in(parts().database, _asked(form), published=published)
    except SeveralOrganizations as several:
        form.organization.choices = list(starmap(SelectChoice, several.choices))
        return _page(form, error=several.words, status=422)
    except TooManyTries as refused:
        response = _page(form, error=refused.words, status=refused.status)
        response.headers["Retry-After"] = str(refused.seconds)
        return response
    except Refused as refused:
        return _page(form, error=refused.words, status=422)
    session.clear()  # a new forgery token: one from before the door was anybody's
    response = make_response(redirect(_onward(form.next.data), 303))
    visitor.give(response, token)
    return response


@permission(SIGNED_IN)
def leave() -> Response:
    """End this session, here and in the database."""
    who = visitor.visitor()
    with visitor.writing() as changed:
        end(changed, who.session_id, clock.now())
        audit.record(changed, who.organization_id, who.actor, "user.signed_out", str(who.user_id))
    session.clear()
    flash("You are signed out.")
    response = make_response(redirect("/sign-in", 303))
    visitor.take(response)
    return response


def _asked(form: Any) -> Asked:
    return Asked(
        email=form.email.data,
        password=form.password.data,
        network=request.remote_addr or "",
        browser=request.user_agent.string,
        organization=form.organization.data or None,
    )


def _page(form: Any, *, error: str | None = None, status: int = 200) -> Response:
    body = render_template(
        "console/sign_in.html", form=form, error=error, accounts=_accounts(), password=DEMONSTRATION_PASSWORD
    )
    response = make_response(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _accounts() -> Sequence[Any]:
    """In the demonstration, who can come in; nobody elsewhere."""
    if not parts().settings.demo:
        return ()
    with parts().database.reading(None) as reading:
        return reading.execute(
            sa.select(User.email, User.name, Role.display_name.label("role"), Role.description)
            .join(Role, Role.id == User.role_id)
            .where(User.status == "active", User.organization_id.is_not(None))
            .order_by(User.created_at, User.id)
            .limit(5)
        ).all()


def _onward(wanted: str | None) -> str:
    """Where to go on to: a place of ours, whatever the address says."""
    try:
        place = urlsplit(wanted or "/")
    except ValueError:
        return "/"
    path = place.path
    foreign = place.scheme or place.netloc or not path.startswith("/") or path.startswith("//") or "\\" in path
    if foreign or path.startswith(("/sign-", "/static/")) or any(ord(letter) < 32 for letter in wanted or ""):
        return "/"
    return f"{path}?{place.query}" if place.query else path
