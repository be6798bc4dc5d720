# SPDX-License-Identifier: Apache-2.0
# The laundering attack: somebody's captured Evidence is sent to a Verifier in a
# session for the nonce of my connection. A Verifier that compares no nonce
# signs that; who relies on it must not believe it.
. "$top_srcdir/test/serve/harness.sh"
relying=$top_builddir/test/serve/relying
if ! have python3 || ! [ -x "$relying" ]; then
    echo "1..0 # SKIP python3 is not installed"
    exit 0
fi
make_soft_key soft
make_signing_key sign
"$atls" policy learn "attest:soft?key=$work/soft.pem" >policy.json

# policy_of FILE MEMBERS: a Relying Party's, for the Verifier v
policy_of() {
    python3 - "$2" <<'END' >"$1"
import json, sys
verifier = {"keys": [open("sign.pub").read()],
            "accept": [{"PSA_IOT": ["hardware", "executables"]},
                       {"UNCHECKED_PSA_IOT": ["hardware", "executables"]}]}
verifier.update(json.loads(sys.argv[1]))
policy = json.load(open("policy.json"))
policy["verifiers"] = {"https://v.example": verifier}
json.dump(policy, sys.stdout)
END
}
policy_of careful.json '{"nonce_checked": []}'
policy_of default.json '{}'
policy_of told.json '{"nonce_checked": ["PSA_IOT", "UNCHECKED_PSA_IOT"]}'

believes() { # SENTENCE REASON POLICY: of the session in out, for $nonce
    python3 -c 'import json
print(json.load(open("out"))["result"], end="")' >result
    found=$("$relying" "$3" https://v.example "$nonce" <result)
    [ "$found" = "$2" ] || echo "# want $2, found $found"
    [ "$found" = "$2" ]
    result $? "$1"
}

start_verifier good --policy policy.json --signing-key sign.pem
good=$url
start_verifier lax --policy policy.json --signing-key sign.pem --unchecked-nonce
lax=$url
cmw='Content-Type: application/cmw'

# The genuine machine, once: the attacker keeps this.
url=$good
open_session
quote soft.pem captured.cmw
call "a genuine machine is vouched for" 200 POST "$session" -H "$cmw" \
    --data-binary @captured.cmw
ear "as affirming" sign.pub 'sub["ear.status"] == "affirming"'
believes "and believed, as its submodule carries the challenge" OK careful.json
believes "under a policy that says nothing of it, too" OK default.json

# The client that other programs' handshakes have: verifier-client/remote.c
ask=$top_builddir/test/verifier/ask
value captured.cmw captured.cose
if [ -x "$ask" ] && [ -f "$ATLS_MODULES/atls_remote.so" ]; then
    "$ask" "$url" value=captured.cose "nonce=$nonce" >asked 2>&1
    check "atls's own client gets a result" grep -q '^OK ' asked
    sed -n 's/^OK //p' asked | tr -d '\n' >result
    found=$("$relying" careful.json https://v.example "$nonce" <result)
    check "that is believed" [ "$found" = OK ]
else
    skip "atls's own client gets a result" "atls_remote.so"
    skip "that is believed" "atls_remote.so"
fi

# Days later, my connection has another challenge.
url=$lax
open_session
call "captured Evidence, my nonce: such a Verifier takes it" 200 POST \
    "$session" -H "$cmw" --data-binary @captured.cmw
ear "and signs that it is affirming, with my nonce on top" sign.pub \
    "sub['ear.status'] == 'affirming' and part(it['eat_nonce']).hex() == '$nonce'"
believes "it is not believed: nothing shows where the nonce is from" \
    RESULT_NONCE_UNCHECKED careful.json
believes "nor by the submodules that are trusted without a word" \
    RESULT_NONCE_UNCHECKED default.json
believes "unless the policy promises that this Verifier compares it" OK \
    told.json
asks "in a background check the Evidence itself is looked at first" 1 \
    appraise --policy policy.json --nonce "$nonce" captured.cmw
says "and is not bound to my connection" '^reason: BINDER_MISMATCH$'

# An honest Verifier does not launder.
url=$good
open_session
call "one that compares answers too" 200 POST "$session" -H "$cmw" \
    --data-binary @captured.cmw
believes "and says no" RESULT_REFUSED told.json
plan
