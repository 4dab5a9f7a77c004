"""The unit that somebody types beside a number: `5 kg`, `5 kilos`, `$5`, `20 °C`.

A number in another unit than the question's is another number, so it must not pass for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.conversation.folding import fold
from bot.conversation.numerals import NUMBERS

_NAMES: Final = """
kg kgs kilo kilos kilogram kilograms kilogramo kilogramos
g gr gram grams gramo gramos
lb lbs pound pounds libra libras
oz ounce ounces onza onzas
t ton tons tonne tonnes tonelada toneladas
m meter meters metre metres metro metros
cm centimeter centimeters centimetre centimetres centimetro centimetros
mm millimeter millimeters millimetre millimetres milimetro milimetros
km kilometer kilometers kilometre kilometres kilometro kilometros
ft foot feet pie pies
in inch inches pulgada pulgadas
mi mile miles milla millas
l liter liters litre litres litro litros
ml milliliter milliliters millilitre millilitres mililitro mililitros
gal gallon gallons galon galones
h hr hrs hour hours hora horas
min mins minute minutes minuto minutos
s sec secs second seconds segundo segundos
day days dia dias
week weeks semana semanas
month months mes meses
year years ano anos
percent pct porciento
c celsius centigrade centigrados
f fahrenheit
usd dollar dollars dolar dolares buck bucks
eur euro euros
gbp quid
time times vez veces
piece pieces pc pcs pieza piezas
box boxes caja cajas
person persons people persona personas
"""
_SAME: Final = {name: line for line, names in enumerate(_NAMES.strip().splitlines()) for name in names.split()}
_SIGNS: Final = str.maketrans({"%": " percent ", "$": " usd ", "€": " eur ", "£": " gbp ", "°": " ", "º": " "})
_FILLING: Final = frozenset({"degrees", "degree", "deg", "grados", "grado", "of", "de", "please", "por", "favor"})


def unit_words(text: str) -> list[str]:
    """The folded words of a unit, signs spelt out, fillings like "degrees" left out."""
    spelt = text.casefold().replace("por ciento", "%").translate(_SIGNS)
    return [word for word in fold(spelt).split() if word not in _FILLING]


def fits(beside: Sequence[str], units: Iterable[str], prompt: str) -> bool:
    """Whether the folded words `beside` a number may stand there.

    Nothing always may; so may the question's unit under any of its names. Where the question names
    no unit, a well-known one may; and a word of the prompt always may ("How many *exits*?" "5 exits").
    """
    own = [unit_words(unit) for unit in units]
    if not beside or list(beside) in own:
        return True
    if any(word in NUMBERS or word.isdigit() for word in beside):
        return False
    lines = {_SAME.get(" ".join(words)) for words in own}
    asked = frozenset(fold(prompt).split())
    return all(_passes(word, own, lines, asked) for word in beside)


def _passes(word: str, own: Sequence[Sequence[str]], lines: set[int | None], asked: frozenset[str]) -> bool:
    if word in _SAME:
        return _SAME[word] in lines or not own
    return word in asked
