"""States and provinces of the countries that span several time zones, as people write them.

One line is `zone + zone: CODE Name / other name, CODE Name …`; an indented one continues it. A
region that is split lists every zone that its law knows, also where only a few towns keep the other one:
a text at seven in the morning is no better for being rare. Countries that aren't here are known by their zones alone.

Sources: the comments of tzdata's zone.tab, and the regions' own laws as of 2026.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

_TABLES = {
    "US": """
America/New_York: CT Connecticut, DE Delaware, DC District of Columbia / Washington DC, GA Georgia, ME Maine,
  MD Maryland, MA Massachusetts, NH New Hampshire, NJ New Jersey, NY New York, NC North Carolina, OH Ohio,
  PA Pennsylvania, RI Rhode Island, SC South Carolina, VT Vermont, VA Virginia, WV West Virginia
America/New_York + America/Chicago: FL Florida
America/Detroit + America/Menominee: MI Michigan
America/Indiana/Indianapolis + America/Chicago: IN Indiana
America/Kentucky/Louisville + America/Chicago: KY Kentucky
America/Chicago + America/New_York: TN Tennessee
America/Chicago: AL Alabama, AR Arkansas, IL Illinois, IA Iowa, LA Louisiana, MN Minnesota, MS Mississippi,
  MO Missouri, OK Oklahoma, WI Wisconsin
America/Chicago + America/Denver: KS Kansas, NE Nebraska, ND North Dakota, SD South Dakota, TX Texas
America/Denver: CO Colorado, MT Montana, NM New Mexico, UT Utah, WY Wyoming
America/Phoenix + America/Denver: AZ Arizona
America/Boise + America/Los_Angeles: ID Idaho
America/Los_Angeles + America/Boise: OR Oregon
America/Los_Angeles + America/Denver: NV Nevada
America/Los_Angeles: CA California, WA Washington
America/Anchorage + America/Adak: AK Alaska
Pacific/Honolulu: HI Hawaii
America/Puerto_Rico: PR Puerto Rico, VI Virgin Islands / US Virgin Islands
Pacific/Guam: GU Guam, MP Northern Mariana Islands
Pacific/Pago_Pago: AS American Samoa
""",
    "CA": """
America/Vancouver + America/Fort_Nelson + America/Edmonton: BC British Columbia
America/Edmonton: AB Alberta
America/Regina + America/Edmonton: SK Saskatchewan
America/Winnipeg: MB Manitoba
America/Toronto + America/Winnipeg + America/Atikokan: ON Ontario
America/Toronto + America/Halifax + America/Puerto_Rico: QC Quebec
America/Moncton: NB New Brunswick
America/Halifax: NS Nova Scotia, PE Prince Edward Island
America/St_Johns + America/Goose_Bay: NL Newfoundland and Labrador / Newfoundland / Labrador
America/Whitehorse: YT Yukon
America/Edmonton + America/Inuvik: NT Northwest Territories
America/Iqaluit + America/Winnipeg + America/Edmonton + America/Panama: NU Nunavut
""",
    "AU": """
Australia/Sydney + Australia/Broken_Hill + Australia/Lord_Howe: NSW New South Wales
Australia/Sydney: ACT Australian Capital Territory
Australia/Melbourne: VIC Victoria
Australia/Brisbane: QLD Queensland
Australia/Adelaide: SA South Australia
Australia/Perth + Australia/Eucla: WA Western Australia
Australia/Hobart: TAS Tasmania
Australia/Darwin: NT Northern Territory
""",
    "MX": """
America/Mexico_City: AGU Aguascalientes, CHP Chiapas, CMX Ciudad de Mexico / CDMX / Mexico City / Distrito Federal,
  COL Colima, DUR Durango, GUA Guanajuato, GRO Guerrero, HID Hidalgo, JAL Jalisco, MEX Mexico / Estado de Mexico,
  MIC Michoacan, MOR Morelos, OAX Oaxaca, PUE Puebla, QUE Queretaro, SLP San Luis Potosi, TAB Tabasco, TLA Tlaxcala,
  VER Veracruz, ZAC Zacatecas
America/Merida: CAM Campeche, YUC Yucatan
America/Monterrey + America/Matamoros: COA Coahuila, NLE Nuevo Leon / NL, TAM Tamaulipas
America/Chihuahua + America/Ojinaga + America/Ciudad_Juarez: CHH Chihuahua
America/Mazatlan: BCS Baja California Sur, SIN Sinaloa
America/Mazatlan + America/Bahia_Banderas: NAY Nayarit
America/Hermosillo: SON Sonora
America/Tijuana: BCN Baja California / BC
America/Cancun: ROO Quintana Roo / QR / QROO
""",
    "BR": """
America/Sao_Paulo: DF Distrito Federal, ES Espirito Santo, GO Goias, MG Minas Gerais, PR Parana, RJ Rio de Janeiro,
  RS Rio Grande do Sul, SC Santa Catarina, SP Sao Paulo
America/Bahia: BA Bahia
America/Maceio: AL Alagoas, SE Sergipe
America/Recife + America/Noronha: PE Pernambuco
America/Fortaleza: CE Ceara, MA Maranhao, PB Paraiba, PI Piaui, RN Rio Grande do Norte
America/Belem: AP Amapa, PA Para
America/Araguaina: TO Tocantins
America/Cuiaba: MT Mato Grosso
America/Campo_Grande: MS Mato Grosso do Sul
America/Porto_Velho: RO Rondonia
America/Boa_Vista: RR Roraima
America/Manaus + America/Eirunepe: AM Amazonas
America/Rio_Branco: AC Acre
""",
    "RU": """
Europe/Kaliningrad: KGD Kaliningrad
Europe/Moscow: MOW Moscow, MOS Moscow Oblast, SPE Saint Petersburg / St Petersburg, LEN Leningrad, AD Adygea,
  ARK Arkhangelsk, BEL Belgorod, BRY Bryansk, CE Chechnya, CU Chuvashia, DA Dagestan, IN Ingushetia, IVA Ivanovo,
  KB Kabardino-Balkaria, KL Kalmykia, KLU Kaluga, KC Karachay-Cherkessia, KR Karelia, KO Komi, KOS Kostroma,
  KDA Krasnodar, KRS Kursk, LIP Lipetsk, ME Mari El, MO Mordovia, MUR Murmansk, NEN Nenets, NIZ Nizhny Novgorod,
  NGR Novgorod, ORL Oryol, PNZ Penza, PSK Pskov, ROS Rostov, RYA Ryazan, SE North Ossetia, SMO Smolensk,
  STA Stavropol, TA Tatarstan, TAM Tambov, TUL Tula, TVE Tver, VGG Volgograd, VLA Vladimir, VLG Vologda,
  VOR Voronezh, YAR Yaroslavl
Europe/Kirov: KIR Kirov
Europe/Samara: SAM Samara, UD Udmurtia
Europe/Saratov: SAR Saratov
Europe/Ulyanovsk: ULY Ulyanovsk
Europe/Astrakhan: AST Astrakhan
Asia/Yekaterinburg: BA Bashkortostan, CHE Chelyabinsk, KHM Khanty-Mansi, KGN Kurgan, ORE Orenburg, PER Perm,
  SVE Sverdlovsk, TYU Tyumen, YAN Yamalo-Nenets
Asia/Omsk: OMS Omsk
Asia/Barnaul: AL Altai Republic, ALT Altai
Asia/Novosibirsk: NVS Novosibirsk
Asia/Tomsk: TOM Tomsk
Asia/Novokuznetsk: KEM Kemerovo
Asia/Krasnoyarsk: KK Khakassia, KYA Krasnoyarsk, TY Tuva
Asia/Irkutsk: BU Buryatia, IRK Irkutsk
Asia/Chita: ZAB Zabaykalsky
Asia/Yakutsk: AMU Amur
Asia/Yakutsk + Asia/Vladivostok + Asia/Srednekolymsk: SA Sakha / Yakutia
Asia/Vladivostok: KHA Khabarovsk, PRI Primorye / Primorsky, YEV Jewish Autonomous Oblast
Asia/Sakhalin + Asia/Srednekolymsk: SAK Sakhalin
Asia/Magadan: MAG Magadan
Asia/Kamchatka: KAM Kamchatka
Asia/Anadyr: CHU Chukotka
""",
    "ID": """
Asia/Jakarta: AC Aceh, BT Banten, BE Bengkulu, YO Yogyakarta / DI Yogyakarta, JK Jakarta / DKI Jakarta, JA Jambi,
  JB West Java / Jawa Barat, JT Central Java / Jawa Tengah, JI East Java / Jawa Timur, BB Bangka Belitung,
  KR Riau Islands / Kepulauan Riau, LA Lampung, RI Riau, SB West Sumatra / Sumatera Barat,
  SS South Sumatra / Sumatera Selatan, SU North Sumatra / Sumatera Utara
Asia/Pontianak: KB West Kalimantan / Kalimantan Barat, KT Central Kalimantan / Kalimantan Tengah
Asia/Makassar: BA Bali, GO Gorontalo, KI East Kalimantan / Kalimantan Timur,
  KS South Kalimantan / Kalimantan Selatan, KU North Kalimantan / Kalimantan Utara,
  NB West Nusa Tenggara / Nusa Tenggara Barat, NT East Nusa Tenggara / Nusa Tenggara Timur,
  SA North Sulawesi / Sulawesi Utara, SG Southeast Sulawesi / Sulawesi Tenggara,
  SN South Sulawesi / Sulawesi Selatan, SR West Sulawesi / Sulawesi Barat, ST Central Sulawesi / Sulawesi Tengah
Asia/Jayapura: MA Maluku, MU North Maluku / Maluku Utara, PA Papua, PB West Papua / Papua Barat,
  PD Southwest Papua / Papua Barat Daya, PE Highland Papua / Papua Pegunungan, PS South Papua / Papua Selatan,
  PT Central Papua / Papua Tengah
""",
    "ES": """
Europe/Madrid: AN Andalucia / Andalusia, AR Aragon, AS Asturias, CB Cantabria, CL Castilla y Leon,
  CM Castilla-La Mancha, CT Catalunya / Catalonia / Cataluna, CE Ceuta, EX Extremadura, GA Galicia,
  IB Illes Balears / Baleares / Balearic Islands, RI La Rioja, MD Madrid / Comunidad de Madrid, ML Melilla,
  MC Murcia, NC Navarra / Navarre, PV Pais Vasco / Euskadi / Basque Country, VC Valencia / Comunidad Valenciana
Atlantic/Canary: CN Canarias / Canary Islands
""",
    "PT": """
Europe/Lisbon: 01 Aveiro, 02 Beja, 03 Braga, 04 Braganca, 05 Castelo Branco, 06 Coimbra, 07 Evora, 08 Faro,
  09 Guarda, 10 Leiria, 11 Lisboa / Lisbon, 12 Portalegre, 13 Porto, 14 Santarem, 15 Setubal, 16 Viana do Castelo,
  17 Vila Real, 18 Viseu
Atlantic/Madeira: 30 Madeira
Atlantic/Azores: 20 Acores / Azores
""",
    "CL": """
America/Santiago: AI Aysen, AN Antofagasta, AP Arica y Parinacota, AR Araucania / La Araucania, AT Atacama,
  BI Biobio, CO Coquimbo, LI O'Higgins, LL Los Lagos, LR Los Rios, ML Maule, NB Nuble,
  RM Metropolitana / Santiago / Region Metropolitana, TA Tarapaca
America/Santiago + Pacific/Easter: VS Valparaiso
America/Punta_Arenas: MA Magallanes
""",
    "NZ": """
Pacific/Auckland: AUK Auckland, BOP Bay of Plenty, CAN Canterbury, GIS Gisborne, HKB Hawke's Bay, MBH Marlborough,
  MWT Manawatu-Whanganui, NSN Nelson, NTL Northland, OTA Otago, STL Southland, TAS Tasman, TKI Taranaki,
  WGN Wellington, WKO Waikato, WTC West Coast
Pacific/Chatham: CIT Chatham Islands
""",
    "CD": """
Africa/Kinshasa: KN Kinshasa, BC Kongo Central, EQ Equateur, KG Kwango, KL Kwilu, MN Mai-Ndombe, MO Mongala,
  NU Nord-Ubangi, SU Sud-Ubangi, TU Tshuapa
Africa/Lubumbashi: BU Bas-Uele, HK Haut-Katanga, HL Haut-Lomami, HU Haut-Uele, IT Ituri, KC Kasai-Central,
  KE Kasai-Oriental, KS Kasai, LO Lomami, LU Lualaba, MA Maniema, NK Nord-Kivu, SA Sankuru, SK Sud-Kivu,
  TA Tanganyika, TO Tshopo
""",
}  # fmt: skip


@cache
def zones_by_region(country: str) -> dict[str, tuple[str, ...]]:
    """Folded region (code or name) → its zones, for one country code; empty where we have no table."""
    return dict(_read(_TABLES.get(country, "")))


def folded(text: str | None) -> str:
    """`text` without case, accents and punctuation, so that "São  Paulo." and "sao paulo" are one."""
    parts = unicodedata.normalize("NFKD", text or "").casefold()
    letters = "".join(char if char.isalnum() else " " for char in parts if not unicodedata.combining(char))
    return " ".join(letters.split())


def _read(table: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in filter(None, table.replace("\n  ", " ").splitlines()):
        zones, regions = line.split(":", 1)
        for region in regions.split(","):
            code, names = region.strip().split(" ", 1)
            for name in (code, *names.split("/")):
                yield folded(name), tuple(zone.strip() for zone in zones.split("+"))
