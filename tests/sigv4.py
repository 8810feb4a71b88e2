#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Send one AWS KMS request, signed by a second implementation of SigV4.

Python's hmac and hashlib only, so that what kmsd verifies was not made by the
code under test.  Every way in which a request can be wrong is an option.
Endpoint and credentials come from the variables that "kmsd --dev" prints.
"""
import argparse
import datetime
import hashlib
import hmac
import http.client
import os
import sys
import urllib.parse


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("operation")
    p.add_argument("body", nargs="?", default="{}")
    p.add_argument("--skew", type=int, default=0, metavar="SECONDS",
                   help="sign with a clock that is so far ahead")
    p.add_argument("--send", metavar="BODY",
                   help="send this body, not the one that was signed")
    p.add_argument("--unsign", action="append", default=[], metavar="HEADER",
                   help="send this header, but do not sign it")
    p.add_argument("--drop", action="append", default=[], metavar="HEADER",
                   help="sign this header, but do not send it")
    p.add_argument("--header", action="append", default=[],
                   metavar="NAME:VALUE", help="one more header, unsigned")
    p.add_argument("--key-id", default=os.environ["AWS_ACCESS_KEY_ID"])
    p.add_argument("--secret", default=os.environ["AWS_SECRET_ACCESS_KEY"])
    p.add_argument("--region", default=os.environ["AWS_DEFAULT_REGION"])
    p.add_argument("--service", default="kms")
    p.add_argument("--terminator", default="aws4_request")
    p.add_argument("--date", help="date of the scope, YYYYMMDD")
    p.add_argument("--target", help="X-Amz-Target as a whole")
    p.add_argument("--authorization", help="this header as it is")
    p.add_argument("--path", default="/")
    p.add_argument("--print", choices=["lua", "raw"], dest="form",
                   help="print the request, for wrk or as bytes; send nothing")
    return p.parse_args()


def hmac256(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(a, host):
    now = (datetime.datetime.now(datetime.timezone.utc) +
           datetime.timedelta(seconds=a.skew))
    time = now.strftime("%Y%m%dT%H%M%SZ")
    date = a.date or time[:8]
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": time,
        "x-amz-target": a.target or "TrentService." + a.operation,
    }
    names = sorted(n for n in headers if n not in a.unsign)
    canonical = "\n".join([
        "POST", a.path, "",
        *(f"{n}:{headers[n]}" for n in names), "",
        ";".join(names),
        hashlib.sha256(a.body.encode()).hexdigest()])
    scope = f"{date}/{a.region}/{a.service}/{a.terminator}"
    to_sign = "\n".join([
        "AWS4-HMAC-SHA256", time, scope,
        hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + a.secret).encode()
    for part in scope.split("/"):
        key = hmac256(key, part)
    signature = hmac256(key, to_sign).hex()
    headers["authorization"] = a.authorization or (
        f"AWS4-HMAC-SHA256 Credential={a.key_id}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}")
    return {n: v for n, v in headers.items() if n not in a.drop}


def main():
    a = arguments()
    url = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL_KMS"])
    headers = list(sign(a, url.netloc).items())
    headers += [h.split(":", 1) for h in a.header]
    body = a.body if a.send is None else a.send
    if a.form == "lua":
        print('wrk.method = "POST"')
        print(f"wrk.body = [[{body}]]")
        for name, value in headers:
            # wrk looks for "Host" in this spelling and else adds its own.
            print(f'wrk.headers["{name.title()}"] = "{value}"')
        return
    if a.form == "raw":
        head = "".join(f"{n}: {v}\r\n" for n, v in headers)
        sys.stdout.write(f"POST {a.path} HTTP/1.1\r\n{head}"
                         f"content-length: {len(body.encode())}\r\n\r\n{body}")
        return
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=120)
    connection.putrequest("POST", a.path, skip_host=True,
                          skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.putheader("content-length", str(len(body.encode())))
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    print(answer.status)
    for name in ("date", "x-amzn-requestid", "x-amzn-errortype"):
        if answer.getheader(name):
            print(f"{name}: {answer.getheader(name)}")
    print(answer.read().decode())


main()
