#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An independent model of policy evaluation, and cases for both.

Written from the IAM User Guide ("Policy evaluation logic", "IAM JSON policy
elements reference") and the AWS KMS Developer Guide ("Key policies", "Key
access"), not from kmsd's code.  Where the guides are silent, kmsd's manual
decides: a condition whose value cannot be read denies the request.

  policy-model.py generate COUNT [SEED]  cases, one JSON object a line, each
                                         with its "expect"
  policy-model.py test                   the model against cases whose answer
                                         the guides give themselves
"""
import datetime
import ipaddress
import json
import random
import re
import sys

HOME, AWAY = "111122223333", "444455556666"


class Unreadable(Exception):
    """A condition's value is none of the operator's type."""


# ---- texts -----------------------------------------------------------------

def expand(text, ctx, version):
    """Variables of a text: a list of (is_literal, piece); None: no value."""
    if version != "2012-10-17":
        return [(False, text)]
    pieces, at = [], 0
    for m in re.finditer(r"\$\{([^}]*)\}", text):
        pieces.append((False, text[at:m.start()]))
        at = m.end()
        inner = m.group(1)
        if inner in ("*", "?", "$"):
            pieces.append((True, inner))
            continue
        name, _, default = inner.partition(",")
        values = lookup(ctx, name)
        if values:
            pieces.append((True, values[0]))
        elif default:
            pieces.append((True, default.strip()[1:-1]))
        else:
            return None
    pieces.append((False, text[at:]))
    return pieces


def to_regex(pieces, wild):
    out = ""
    for literal, piece in pieces:
        for c in piece:
            if wild and not literal and c == "*":
                out += ".*"
            elif wild and not literal and c == "?":
                out += "."
            else:
                out += re.escape(c)
    return out


def text_matches(pattern, have, ctx, version, wild=True, fold=False):
    pieces = expand(pattern, ctx, version)
    if pieces is None:
        return False
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if fold else 0)
    return re.fullmatch(to_regex(pieces, wild), have, flags) is not None


# ---- condition keys ----------------------------------------------------------

SYNONYMS = {"kms:customermasterkeyspec": "kms:keyspec",
            "kms:customermasterkeyusage": "kms:keyusage"}


def lookup(ctx, name):
    name = SYNONYMS.get(name.lower(), name.lower())
    for key, values in ctx.items():
        key = key.lower()
        if SYNONYMS.get(key, key) == name:
            return values
    return []


# ---- operators ----------------------------------------------------------------

def as_number(text):
    if not re.fullmatch(r"[-+0-9.eE]+", text):
        raise Unreadable(text)
    try:
        return float(text)
    except ValueError:
        raise Unreadable(text) from None


def as_time(text):
    if re.fullmatch(r"[-+]\d+|\d{5,}", text):
        return float(int(text))
    for form in ("%Y", "%Y-%m", "%Y-%m-%d"):
        try:
            d = datetime.datetime.strptime(text, form)
            if len(text) == {"%Y": 4, "%Y-%m": 7, "%Y-%m-%d": 10}[form]:
                return d.replace(tzinfo=datetime.timezone.utc).timestamp()
        except ValueError:
            pass
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?"
                        r"(Z|[-+]\d\d:\d\d)", text):
        raise Unreadable(text)
    try:
        return datetime.datetime.fromisoformat(
            text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise Unreadable(text) from None


def as_bool(text):
    if text.lower() not in ("true", "false"):
        raise Unreadable(text)
    return text.lower() == "true"


def in_net(have, net):
    try:
        host = ipaddress.ip_address(have)
    except ValueError:
        raise Unreadable(have) from None
    network = ipaddress.ip_network(net, strict=False)
    return host.version == network.version and host in network


def arn_like(have, pattern, ctx, version):
    fields = have.split(":", 5)
    if len(fields) < 6 or fields[0] != "arn":
        raise Unreadable(have)
    if pattern == "*":
        return True
    pieces = expand(pattern, ctx, version)
    if pieces is None:
        return False
    # Colons of the pattern as it stands; the cases put none into variables.
    wanted = pattern.split(":")
    masked, depth = [], 0
    for part in wanted:
        if depth and masked:
            masked[-1] += ":" + part
        else:
            masked.append(part)
        depth += part.count("${") - part.count("}")
    wanted = masked[:5] + [":".join(masked[5:])]
    return all(text_matches(w, f, ctx, version)
               for w, f in zip(wanted, fields))


def string(fold=False, wild=False):
    return lambda have, want, ctx, version: text_matches(
        want, have, ctx, version, wild, fold)


def ordered(read, test):
    return lambda have, want, ctx, version: test(read(have), read(want))


def orders(prefix, read):
    return {
        prefix + "Equals": ordered(read, lambda a, b: a == b),
        prefix + "LessThan": ordered(read, lambda a, b: a < b),
        prefix + "LessThanEquals": ordered(read, lambda a, b: a <= b),
        prefix + "GreaterThan": ordered(read, lambda a, b: a > b),
        prefix + "GreaterThanEquals": ordered(read, lambda a, b: a >= b),
    }


POSITIVE = {
    "StringEquals": string(),
    "StringEqualsIgnoreCase": string(fold=True),
    "StringLike": string(wild=True),
    "BinaryEquals": string(),
    "Bool": ordered(as_bool, lambda a, b: a == b),
    "IpAddress": lambda have, want, ctx, version: in_net(have, want),
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    **orders("Numeric", as_number),
    **orders("Date", as_time),
}
NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def as_list(x):
    return x if isinstance(x, list) else [x]


def scalar(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    return str(v)


def condition_holds(operator, key, wanted, ctx, version):
    have = lookup(ctx, key)
    wanted = [scalar(w) for w in as_list(wanted)]
    prefix, _, rest = operator.rpartition(":")
    if rest == "Null":
        return any(as_bool(w) == (not have) for w in wanted)
    if_exists = rest.endswith("IfExists")
    name = rest[:-len("IfExists")] if if_exists else rest
    negative = name in NEGATIVE
    test = POSITIVE[NEGATIVE.get(name, name)]
    if not have:
        if if_exists or prefix == "ForAllValues":
            return True
        return negative and prefix != "ForAnyValue"
    # Of each value of the request: is it among the policy's (or not)?
    each = []
    for h in have:
        hit = [test(h, w, ctx, version) for w in wanted]
        each.append(any(hit) != negative)
    if prefix == "ForAllValues":
        return all(each)
    if prefix == "ForAnyValue":
        return any(each)
    return all(each) if negative else any(each)


# ---- statements -----------------------------------------------------------------

def account_of(arn):
    return arn.split(":")[4]


def identities(arn):
    """Who a caller is, from the account inwards."""
    account = account_of(arn)
    everything = ["arn:aws:iam::%s:root" % account]
    if ":assumed-role/" in arn:
        role = arn.split("/")[1]
        everything.append(("role", account, role))
    if arn not in everything:
        everything.append(arn)
    return everything


def named(principal, identity):
    """Does one principal of a policy mean this one identity?"""
    if re.fullmatch(r"\d{12}", principal):
        principal = "arn:aws:iam::%s:root" % principal
    if isinstance(identity, tuple):
        _, account, role = identity
        return (principal.startswith("arn:aws:iam::%s:role/" % account) and
                principal.split("/")[-1] == role)
    return principal == identity


def principals(element):
    if element == "*":
        return ["*"]
    return as_list(element["AWS"]) if "AWS" in element else []


def reach(statement, caller):
    """None, "account" (the caller's account is meant) or "direct"."""
    who = identities(caller)
    if "NotPrincipal" in statement:
        listed = principals(statement["NotPrincipal"])
        spared = "*" in listed or all(
            any(named(p, i) for p in listed) for i in who)
        return None if spared else "direct"
    listed = principals(statement["Principal"])
    if "*" in listed:
        return "direct"
    if any(named(p, i) for p in listed for i in who[1:]):
        return "direct"
    if any(named(p, who[0]) for p in listed):
        return "direct" if len(who) == 1 else "account"
    return None


def element_matches(statement, name, have, ctx, version, fold):
    negated = "Not" + name in statement
    patterns = as_list(statement["Not" + name if negated else name])
    hit = any(text_matches(p, have, ctx, version, True, fold)
              for p in patterns)
    return hit != negated


def statement_says(statement, case, version, of_key):
    """None, "account", "direct" or "deny"; Unreadable."""
    ctx = case["context"]
    for name in ("Action", "Resource"):
        if name not in statement and "Not" + name not in statement:
            return None
    if not element_matches(statement, "Action", case["action"], ctx, version,
                           True):
        return None
    says = reach(statement, case["principal"]) if of_key else "direct"
    if says is None:
        return None
    if not element_matches(statement, "Resource", case["resource"], ctx,
                           version, False):
        return None
    held = [condition_holds(op, key, wanted, ctx, version)
            for op, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()]
    if not all(held):
        return None
    return "deny" if statement["Effect"] == "Deny" else says


def policy_says(policy, case, of_key):
    version = policy.get("Version", "2008-10-17")
    return {statement_says(s, case, version, of_key)
            for s in as_list(policy["Statement"])}


def decide(case):
    caller = case["principal"]
    try:
        key = (policy_says(case["key_policy"], case, True)
               if "key_policy" in case else set())
        identity = set()
        for p in case["identity"]:
            identity |= policy_says(p, case, False)
    except Unreadable:
        return "error"
    if caller.endswith(":root"):
        identity.add("direct")
    if "deny" in key:
        return "denied_by_key"
    if "deny" in identity:
        return "denied_by_identity"
    by_identity = "direct" in identity
    own = account_of(caller) == case["owner"]
    if not case["is_key"]:
        return "allowed" if own and by_identity else "not_by_identity"
    resource_side = "direct" in key or case["granted"]
    if own and resource_side:
        return "allowed"
    if not resource_side and "account" not in key:
        return "not_by_key"
    return "allowed" if by_identity else "not_by_identity"


# ---- cases --------------------------------------------------------------------

def iam(account, rest):
    return "arn:aws:iam::%s:%s" % (account, rest)


CALLERS = [
    iam(HOME, "root"), iam(HOME, "user/alice"), iam(HOME, "user/bob"),
    iam(HOME, "user/team/carol"), iam(HOME, "role/app"),
    "arn:aws:sts::%s:assumed-role/app/i-1" % HOME,
    "arn:aws:sts::%s:assumed-role/ops/night" % HOME,
    iam(AWAY, "root"), iam(AWAY, "user/alice"),
    "arn:aws:sts::%s:assumed-role/app/i-1" % AWAY,
]
IN_POLICY = CALLERS + [
    "*", HOME, AWAY, iam(HOME, "role/ops"), iam(HOME, "role/path/app"),
    iam(AWAY, "role/app"),
]
ACTIONS = ["kms:" + a for a in (
    "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext", "DescribeKey", "PutKeyPolicy",
    "ScheduleKeyDeletion", "CreateGrant", "Sign", "EnableKeyRotation")]
ACTION_PATTERNS = ACTIONS + [
    "*", "kms:*", "KMS:*", "kms:Re*", "kms:ReEncrypt*", "kms:generatedatakey",
    "kms:GenerateDataKey*", "kms:*crypt", "kms:?ecrypt", "kms:*Key*",
    "kms:Put*", "s3:*", "kms:Encryp?", "kms:E*t*"]
KEY_IDS = ["1234abcd-12ab-34cd-56ef-1234567890ab",
           "0987dcba-09fe-87dc-65ba-ab0987654321"]
RESOURCES = ["arn:aws:kms:%s:%s:key/%s" % (r, HOME, k)
             for r in ("us-east-1", "eu-west-1") for k in KEY_IDS]
ALIASES = ["arn:aws:kms:us-east-1:%s:alias/alice" % HOME,
           "arn:aws:kms:us-east-1:%s:alias/prod/a" % HOME]
RESOURCE_PATTERNS = RESOURCES + ALIASES + [
    "*", "*", "*", "arn:aws:kms:*:%s:key/*" % HOME, "arn:aws:kms:us-*",
    "arn:aws:kms:us-east-1:%s:key/1234*" % HOME,
    "arn:aws:kms:??-west-1:%s:key/*" % HOME, "arn:aws:s3:::*",
    "arn:aws:kms:*:*:alias/${aws:username}",
    "arn:aws:kms:*:*:alias/${aws:username, 'alice'}"]

# name: (operators' kind, values in requests, values in policies)
TEXTS = ["finance", "Finance", "IT", "it", "finance-eu", "", "a*b", "b?c"]
KEYS = {
    "kms:EncryptionContext:dept": (
        "String", TEXTS,
        TEXTS + ["fin*", "?T", "*", "${aws:username}", "a${*}b", "*-eu"]),
    "KMS:encryptioncontext:DEPT": (
        "String", TEXTS, TEXTS + ["F*", "${aws:username, 'IT'}"]),
    "kms:EncryptionContextKeys": (
        "Set", ["dept", "Dept", "stage", "owner"],
        ["dept", "Dept", "stage", "own*", "*"]),
    "kms:EncryptionAlgorithm": (
        "String", ["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256"],
        ["SYMMETRIC_DEFAULT", "RSAES_OAEP_*"]),
    "kms:KeySpec": ("String", ["SYMMETRIC_DEFAULT", "RSA_2048", "ECC_NIST_P256"],
                    ["SYMMETRIC_DEFAULT", "RSA_*", "ECC_NIST_P???"]),
    "kms:CustomerMasterKeySpec": ("String", [], ["SYMMETRIC_DEFAULT", "RSA*"]),
    "kms:CallerAccount": ("String", [HOME, AWAY], [HOME, AWAY, "1*"]),
    "kms:ViaService": ("String", [], ["s3.us-east-1.amazonaws.com", "*"]),
    "kms:RequestAlias": ("String", ["alias/prod/a", "alias/test"],
                         ["alias/prod/*", "alias/test"]),
    "kms:ResourceAliases": ("Set", ["alias/prod/a", "alias/test", "alias/x"],
                            ["alias/prod/*", "alias/test"]),
    "kms:GrantOperations": ("Set", ["Encrypt", "Decrypt", "CreateGrant"],
                            ["Encrypt", "Decrypt"]),
    "kms:MultiRegion": ("Bool", ["true", "false"], ["true", "false", True]),
    "kms:ReEncryptOnSameKey": ("Bool", ["true", "false"], [True, "False"]),
    "kms:ScheduleKeyDeletionPendingWindowInDays": (
        "Numeric", ["7", "14", "30", "1e1", "x"], ["7", 14, "21.5", "-1"]),
    "kms:RotationPeriodInDays": ("Numeric", ["90", "365"], [90, 180, "365"]),
    "kms:ValidTo": ("Date", ["2026-12-01T00:00:00Z"],
                    ["2026-12-01T00:00:00Z", "2026-12-01T01:00:00+01:00",
                     "2027", "1796083200"]),
    "aws:CurrentTime": (
        "Date", ["2026-11-25T12:00:00Z", "2026-11-25T12:00:01Z", "noon"],
        ["2026-11-25T12:00:00Z", "2026-11-25", "2026-11-25T13:00:00+01:00",
         "1795608000", "2026-11", "2026-11-25T12:00:00.5Z"]),
    "aws:EpochTime": ("Date", ["1795608000", "1795608001"],
                      ["1795608000", 1795608001, "2026-11-25T12:00Z"]),
    "aws:SourceIp": (
        "Ip", ["192.0.2.7", "198.51.100.1", "2001:db8::7", "localhost"],
        ["192.0.2.0/24", "192.0.2.7", "0.0.0.0/0", "2001:db8::/32",
         "192.0.2.6/31", "2001:db8::6/127"]),
    "aws:SecureTransport": ("Bool", ["true", "false"], ["true", "false"]),
    "aws:PrincipalArn": (
        "Arn", CALLERS, CALLERS + [
            iam(HOME, "user/*"), iam("*", "role/app"), iam(HOME, "*"), "*",
            "arn:aws:sts::%s:assumed-role/app/*" % HOME,
            iam(HOME, "user/${aws:username}")]),
    "aws:username": ("String", ["alice", "bob"], ["alice", "b*", "carol"]),
    "aws:PrincipalTag/team": ("String", [], ["x", "*"]),
    "aws:ResourceTag/Stage": ("String", ["prod", "test"], ["prod", "t*"]),
    "aws:TagKeys": ("Set", ["Stage", "owner"], ["Stage", "ow*"]),
    "aws:UserAgent": ("String", ["aws-cli/2.9", "Boto3/1.43"],
                      ["aws-cli/*", "Boto?/*"]),
}
STRING = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase",
          "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"]
OPERATORS = {
    "String": STRING, "Set": STRING, "Bool": ["Bool"],
    "Ip": ["IpAddress", "NotIpAddress"],
    "Arn": ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
}
for kind_ in ("Numeric", "Date"):
    OPERATORS[kind_] = [kind_ + o for o in (
        "Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan",
        "GreaterThanEquals")]


def some(rng, pool, most=3):
    return rng.sample(pool, min(len(pool), rng.randint(1, most)))


def one_or_list(rng, values):
    return values[0] if len(values) == 1 and rng.random() < .5 else values


def make_condition(rng):
    condition = {}
    for _ in range(rng.choice((1, 1, 1, 2))):
        key = rng.choice(list(KEYS))
        kind, _, wanted = KEYS[key]
        if rng.random() < .06:
            condition.setdefault("Null", {})[key] = rng.choice(
                ["true", "false", True, False])
            continue
        operator = rng.choice(OPERATORS[kind])
        if rng.random() < .2:
            operator += "IfExists"
        if rng.random() < (.7 if kind == "Set" else .08):
            operator = rng.choice(("ForAllValues:", "ForAnyValue:")) + operator
        condition.setdefault(operator, {})[key] = one_or_list(
            rng, some(rng, wanted))
    return condition


def make_principal(rng, caller):
    if rng.random() < .06:
        return "*"
    if rng.random() < .05:
        return {"Service": "s3.amazonaws.com"}
    pool = IN_POLICY
    if rng.random() < .5:
        pool = [caller, iam(account_of(caller), "root"), account_of(caller)]
    return {"AWS": one_or_list(rng, some(rng, pool))}


def make_statement(rng, case, of_key):
    s = {"Effect": rng.choice(("Allow", "Allow", "Allow", "Deny"))}
    if rng.random() < .3:
        s["Sid"] = "S%d" % rng.randrange(100)
    if of_key and s["Effect"] == "Deny" and rng.random() < .3:
        listed = some(rng, IN_POLICY)
        if rng.random() < .7:
            listed += [case["principal"], iam(account_of(case["principal"]),
                                              "root")]
        s["NotPrincipal"] = {"AWS": listed}
    elif of_key:
        s["Principal"] = make_principal(rng, case["principal"])
    actions = some(rng, ACTION_PATTERNS)
    if rng.random() < .45:
        actions = [rng.choice(("kms:*", case["action"], "*"))]
    s["NotAction" if rng.random() < .12 else "Action"] = one_or_list(
        rng, actions)
    resources = some(rng, RESOURCE_PATTERNS)
    if rng.random() < .45:
        resources = [rng.choice(("*", case["resource"]))]
    s["NotResource" if rng.random() < .08 else "Resource"] = one_or_list(
        rng, resources)
    if of_key and rng.random() < .03:
        del s[rng.choice([n for n in s if n.endswith(("Action", "Resource"))])]
    if rng.random() < .55:
        s["Condition"] = make_condition(rng)
    return s


def make_policy(rng, case, of_key):
    policy = {"Statement": [make_statement(rng, case, of_key)
                            for _ in range(rng.choice((1, 1, 2, 2, 3, 4)))]}
    if of_key and rng.random() < .35:
        policy["Statement"].insert(0, {
            "Sid": "Enable IAM User Permissions", "Effect": "Allow",
            "Principal": {"AWS": iam(HOME, "root")}, "Action": "kms:*",
            "Resource": "*"})
    if rng.random() < .85:
        policy["Version"] = "2012-10-17"
    return policy


def make_context(rng, caller):
    ctx = {"aws:PrincipalArn": [caller],
           "kms:CallerAccount": [account_of(caller)]}
    if ":user/" in caller:
        ctx["aws:username"] = [caller.split("/")[-1]]
    for key, (kind, have, _) in KEYS.items():
        if key in ctx or key == "aws:username" or not have:
            continue
        if any(k.lower() == key.lower() for k in ctx) or rng.random() < .35:
            continue
        ctx[key] = some(rng, have) if kind == "Set" else [rng.choice(have)]
        if kind == "Set" and rng.random() < .1:
            ctx[key] = []
    return ctx


def make_case(rng):
    caller = rng.choice(CALLERS)
    case = {"principal": caller, "owner": HOME, "action": rng.choice(ACTIONS),
            "is_key": rng.random() < .88, "granted": rng.random() < .1,
            "context": make_context(rng, caller)}
    if case["is_key"]:
        case["resource"] = rng.choice(RESOURCES)
        case["key_policy"] = make_policy(rng, case, True)
    else:
        case["resource"] = rng.choice(ALIASES + ["*"])
        case["granted"] = False
    case["identity"] = [make_policy(rng, case, False)
                        for _ in range(rng.choice((0, 1, 1, 2)))]
    return case


def generate(count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        case = make_case(rng)
        case["expect"] = decide(case)
        print(json.dumps(case, separators=(",", ":")))


# ---- the model's own test ---------------------------------------------------------

def check(what, got, want, seen=[0]):  # pylint: disable=W0102
    seen[0] += 1
    print("%sok %d %s" % ("" if got == want else "not ", seen[0], what))
    if got != want:
        print("# got %r, want %r" % (got, want))
        sys.exit(1)
    return seen[0]


def one(statement, **changes):
    case = {"principal": iam(HOME, "user/alice"), "owner": HOME,
            "action": "kms:Decrypt", "resource": RESOURCES[0], "is_key": True,
            "granted": False, "identity": [], "context": {},
            "key_policy": {"Version": "2012-10-17",
                           "Statement": as_list(statement)}}
    case.update(changes)
    return decide(case)


def test():
    allow = {"Effect": "Allow", "Principal": {"AWS": iam(HOME, "user/alice")},
             "Action": "kms:*", "Resource": "*"}
    delegate = dict(allow, Principal={"AWS": iam(HOME, "root")})
    mine = {"Statement": {"Effect": "Allow", "Action": "kms:Decrypt",
                          "Resource": "*"}}
    deny = dict(allow, Effect="Deny", Principal="*")
    with_ = lambda op, key, v: dict(allow, Condition={op: {key: v}})
    check("a_key_policy_that_names_the_user_is_enough", one(allow), "allowed")
    check("delegation_alone_is_not", one(delegate), "not_by_identity")
    check("with_an_IAM_policy_it_is", one(delegate, identity=[mine]),
          "allowed")
    check("an_IAM_policy_alone_is_not",
          one(dict(allow, Principal={"AWS": AWAY}), identity=[mine]),
          "not_by_key")
    check("an_explicit_deny_wins", one([allow, deny]), "denied_by_key")
    check("another_account_needs_both",
          [one(dict(allow, Principal={"AWS": AWAY}), identity=i,
               principal=iam(AWAY, "user/alice")) for i in ([], [mine])],
          ["not_by_identity", "allowed"])
    check("the_root_of_a_policy_that_forgets_it_is_locked_out",
          one(allow, principal=iam(HOME, "root")), "not_by_key")
    # "Condition operators": a key that is not there.
    check("StringEquals_of_an_absent_key_is_false",
          one(with_("StringEquals", "kms:ViaService", "x")), "not_by_key")
    check("StringNotEquals_of_one_is_true",
          one(with_("StringNotEquals", "kms:ViaService", "x")), "allowed")
    check("IfExists_is_true",
          one(with_("StringEqualsIfExists", "kms:ViaService", "x")),
          "allowed")
    check("ForAllValues_is_true",
          one(with_("ForAllValues:StringEquals", "aws:TagKeys", "x")),
          "allowed")
    check("ForAnyValue_is_false",
          one(with_("ForAnyValue:StringNotEquals", "aws:TagKeys", "x")),
          "not_by_key")
    check("Null_true_is_true", one(with_("Null", "aws:TagKeys", "true")),
          "allowed")
    # "Set operators": the guide's table of ForAllValues and ForAnyValue.
    for name, have, expect in (
            ("ForAllValues", ["PostDateTime", "Message"], "allowed"),
            ("ForAllValues", ["PostDateTime", "Tags"], "not_by_key"),
            ("ForAnyValue", ["PostDateTime", "Tags"], "allowed"),
            ("ForAnyValue", ["Tags"], "not_by_key")):
        check("%s_of_%s" % (name, "_and_".join(have)),
              one(with_(name + ":StringEquals", "aws:TagKeys",
                        ["PostDateTime", "UserName", "Message"]),
                  context={"aws:TagKeys": have}), expect)
    check("an_ARN_is_compared_field_by_field",
          [one(with_("ArnLike", "aws:PrincipalArn", p),
               context={"aws:PrincipalArn": [iam(HOME, "user/a:b")]})
           for p in (iam("*", "user/*"), "arn:aws:*:*:*:*", "arn:*:user/a:b")],
          ["allowed", "allowed", "not_by_key"])
    check("a_network_has_its_hosts",
          [one(with_("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
               context={"aws:SourceIp": [a]})
           for a in ("203.0.113.255", "203.0.114.0")],
          ["allowed", "not_by_key"])
    check("dates_have_zones",
          one(with_("DateEquals", "aws:CurrentTime",
                    "2026-11-25T13:00:00+01:00"),
              context={"aws:CurrentTime": ["2026-11-25T12:00:00Z"]}),
          "allowed")
    check("what_cannot_be_read_denies",
          one(with_("NumericLessThan", "kms:RotationPeriodInDays", "9"),
              context={"kms:RotationPeriodInDays": ["many"]}), "error")
    # "NotPrincipal": the guide's examples with a user and with a role.
    spare = dict(deny)
    del spare["Principal"]
    spare["NotPrincipal"] = {"AWS": [iam(HOME, "user/alice"),
                                     iam(HOME, "root")]}
    check("NotPrincipal_spares_whom_it_names_with_the_account",
          [one([dict(allow, Principal="*"), spare],
               principal=iam(HOME, "user/" + u)) for u in ("alice", "bob")],
          ["allowed", "denied_by_key"])
    spare = dict(spare, NotPrincipal={"AWS": [iam(HOME, "user/alice")]})
    check("and_not_without_it", one([allow, spare]), "denied_by_key")
    spare = dict(spare, NotPrincipal={"AWS": [
        iam(HOME, "root"), iam(HOME, "role/app"),
        "arn:aws:sts::%s:assumed-role/app/i-1" % HOME]})
    check("of_a_role_the_session_too",
          [one([dict(allow, Principal="*"), spare],
               principal="arn:aws:sts::%s:assumed-role/app/%s" % (HOME, n))
           for n in ("i-1", "i-2")],
          ["allowed", "denied_by_key"])
    check("a_role_in_a_policy_means_its_sessions",
          one(dict(allow, Principal={"AWS": iam(HOME, "role/app")}),
              principal="arn:aws:sts::%s:assumed-role/app/x" % HOME),
          "allowed")
    check("variables_are_filled_in",
          one(dict(allow, Resource="arn:aws:kms:*:*:alias/${aws:username}"),
              resource=ALIASES[0], context={"aws:username": ["alice"]}),
          "allowed")
    points = check(
        "in_the_new_version_only",
        one(None, resource=ALIASES[0], context={"aws:username": ["alice"]},
            key_policy={"Statement": [dict(
                allow, Resource="arn:aws:kms:*:*:alias/${aws:username}")]}),
        "not_by_key")
    print("1..%d" % points)


if __name__ == "__main__":
    if sys.argv[1:2] == ["test"]:
        test()
    elif sys.argv[1:2] == ["generate"] and len(sys.argv) > 2:
        generate(int(sys.argv[2]),
                 int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    else:
        sys.exit(__doc__)
