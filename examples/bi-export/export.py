#!/usr/bin/env python3
"""Exports the subscribers of WhatsApp campaigns to a CSV file, page by page. Python 3, nothing to install.

  ARAUTO_TOKEN=... ./export.py https://arauto.example assinantes.csv \\
      start=2024-09-05 end=2024-09-05 state=completed --fields cpf,perfil

Everything like key=value is a filter of the report; docs/api/evolux.md lists them. A key may come twice.
The file appears only when it is complete.
"""
import argparse
import csv
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PATH = "/api/v1/reports/campaign/subscribers"
COLUMNS = ["campaign_name", "name", "phone_number", "state", "sent_at", "replied_at", "reply_action", "reply_text",
           "error_message", "template", "conversation_uuid", "conversation_field_values"]


def main():
    args = arguments()
    token = os.environ.get("ARAUTO_TOKEN") or sys.exit("set ARAUTO_TOKEN to a token with the scope reports")
    fields = [f for f in args.fields.split(",") if f]
    query = urllib.parse.urlencode([("_limit", args.page)] + [tuple(f.split("=", 1)) for f in args.filters])

    partial = args.file + ".part"
    rows = total = 0
    try:
        # The signature lets spreadsheet programs see that the text is UTF-8.
        with open(partial, "w", newline="", encoding="utf-8-sig") as file:
            out = csv.writer(file, delimiter=args.delimiter)
            out.writerow(COLUMNS + fields)
            for page in pages(args.server.rstrip("/"), PATH + "?" + query, token):
                total = page["pagination"]["total"]
                for row in page["data"]:
                    out.writerow(line(row, fields))
                    rows += 1
                print(f"{rows} of {total}", file=sys.stderr)
        os.replace(partial, args.file)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="such as https://arauto.example")
    parser.add_argument("file", help="the CSV file to write")
    parser.add_argument("filters", nargs="*", help="key=value")
    parser.add_argument("--fields", default="", help="custom fields that get columns of their own, separated by commas")
    parser.add_argument("--delimiter", default=",", help="';' suits spreadsheets in Portuguese and Spanish")
    parser.add_argument("--page", type=int, default=1000, help="rows per request (default 1000)")
    args = parser.parse_intermixed_args()
    for f in args.filters:
        if "=" not in f:
            parser.error(f"{f!r} is not key=value")
    return args


def pages(server, address, token):
    """Yields each page, following next until there is none."""
    while address:
        page = fetch(server + address, token)
        yield page
        address = page["pagination"].get("next")


def fetch(url, token, tries=5):
    """Returns one answer. What may pass is tried again; what is wrong ends the program with the server's words."""
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + token})
    for left in reversed(range(tries)):
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if left == 0 or error.code not in (429, 500, 502, 503, 504):
                sys.exit(f"{error.code}: {error.read().decode(errors='replace')}")
            time.sleep(float(error.headers.get("Retry-After") or 2))
        except (OSError, ValueError, EOFError) as error:  # no connection, or an answer that broke off
            if left == 0:
                sys.exit(f"{url}: {error}")
            time.sleep(2)


def line(row, fields):
    custom = row["conversation_field_values"]
    plain = [row[c] for c in COLUMNS[:-1]]
    return plain + [json.dumps(custom, ensure_ascii=False)] + [custom.get(f, "") for f in fields]


if __name__ == "__main__":
    main()
