"""Reads a release's folder by pandas, typed as its datapackage.json says, and says what is not as it should be."""
import json
import sys

import pandas

folder = sys.argv[1]
types = {"string": "string", "integer": "Int64", "number": "float64"}
report = {"tables": {}, "wrong": []}
with open(f"{folder}/datapackage.json", encoding="utf-8") as f:
    package = json.load(f)
codebook = pandas.read_csv(f"{folder}/codebook.csv", keep_default_na=False)
people = None
for table in package["resources"]:
    name, fields = table["name"], table["schema"]["fields"]
    kinds = {f["name"]: types[f["type"]] for f in fields}
    d = pandas.read_csv(f"{folder}/{table['path']}", dtype=kinds, keep_default_na=False, na_values=[""])
    report["tables"][name] = len(d)
    if list(d.columns) != list(kinds) or list(codebook[codebook.table == name].column) != list(kinds):
        report["wrong"].append(f"{name}: its columns are not those of datapackage.json and codebook.csv")
    if d.duplicated(table["schema"]["primaryKey"]).any():
        report["wrong"].append(f"{name}: a key stands twice")
    for f in fields:
        allowed = f.get("constraints", {}).get("enum")
        if allowed and not d[f["name"]].dropna().isin(allowed).all():
            report["wrong"].append(f"{name}.{f['name']}: a value is not of its list")
    if people is None:
        people = set(d.study_id)
    if not set(d.study_id) <= people:
        report["wrong"].append(f"{name}: a row is of nobody in participants")
print(json.dumps(report))
