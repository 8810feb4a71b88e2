/* SPDX-License-Identifier: MIT */
/* Inner messages: each type there and back, and what is refused. */
#include <sys/socket.h>

#include "kmsagent/agent/channel.h"
#include "tests/unit/tap.h"

static const uint8_t blob[] = {1, 0, 2, 0xff};

/* A message with every field filled in. */
static void fill(struct agent_msg *m, enum agent_msg_type type)
{
	*m = AGENT_MSG_INIT;
	m->type = type;
	m->endpoint = strdup("unix:/run/kmsd/kmsd.sock");
	m->region = strdup("eu-west-1");
	m->ca_file = strdup("/etc/ca.pem");
	m->access_key_id = strdup("AKIDEXAMPLE");
	m->session_token = strdup("token");
	m->cmk = strdup("alias/aws/kmsagent");
	m->key_arn = strdup("arn:aws:kms:eu-west-1:111122223333:key/x");
	m->material_id = strdup("00ff");
	m->code = strdup("DisabledException");
	m->text = strdup("a sentence");
	m->engine = strdup("openssl");
	m->kcapi = strdup("no AF_ALG");
	m->openssl = strdup("ok");
	m->bytes = 64;
	m->timeout_ms = 10000;
	m->class = 2;
	m->error = -121;
	m->command = strdup("less");
	m->path = strdup("/home/alice/file");
	m->serial = 0x12345678;
	m->uid = 64001;
	m->pid = 4711;
	m->contents = 1;
	m->filenames = 4;
	m->policy_flags = 3;
	m->key_status = 2;
	m->users = 5;
	m->count = 6;
	memset(m->identifier, 0x33, sizeof(m->identifier));
	m->bytes_in = UINT64_C(1) << 40;
	m->bytes_out = 7;
	memset(m->message_id, 0x11, sizeof(m->message_id));
	memset(m->commitment, 0x22, sizeof(m->commitment));
	m->blob = malloc(sizeof(blob));
	memcpy(m->blob, blob, sizeof(blob));
	m->blob_len = sizeof(blob);
	if (ectx_add(&m->context, "kmsagent:purpose", "ring") < 0 ||
	    secret_set(&m->key, "0123456789abcdef", 16) < 0)
		abort();
	m->edk_count = 2;
	m->edks[0] = (struct esdk_edk){(const uint8_t *)"aws-kms",
				       7,
				       (const uint8_t *)"arn:x",
				       5,
				       blob,
				       4};
	m->edks[1] = (struct esdk_edk){
		(const uint8_t *)"raw", 3, (const uint8_t *)"", 0, blob, 1};
}

/* The packet as it would travel; the caller frees. */
static uint8_t *pack(const struct agent_msg *m, size_t *ret_len)
{
	uint8_t *head = NULL, *packet;
	size_t len = 0;
	size_t key_len = agent_msg_has_key(m->type) ? m->key.len : 0;

	if (agent_msg_encode(m, &head, &len) < 0)
		abort();
	packet = malloc(len + key_len);
	memcpy(packet, head, len);
	if (key_len)
		memcpy(packet + len, m->key.bytes, key_len);
	free(head);
	*ret_len = len + key_len;
	return packet;
}

static void test_round_trips(void)
{
	bool same = true, key_is_right = true, short_is_refused = true;
	bool long_is_refused = true;

	for (enum agent_msg_type t = 1; t < AGENT_MSG_COUNT_; t++) {
		_cleanup_(agent_msg_done) struct agent_msg in, out, none;
		_free_ uint8_t *packet = NULL, *again = NULL, *longer = NULL;
		size_t len = 0, again_len = 0;

		none = AGENT_MSG_INIT;
		out = AGENT_MSG_INIT;
		fill(&in, t);
		packet = pack(&in, &len);
		if (agent_msg_decode(packet, len, &out) < 0) {
			tap_diag("type %s", agent_msg_name(t));
			same = false;
			continue;
		}
		again = pack(&out, &again_len);
		same = same && len == again_len &&
		       memcmp(packet, again, len) == 0;
		if (agent_msg_has_key(t))
			key_is_right =
				key_is_right && secret_equal(&in.key, &out.key);
		for (size_t cut = 0; cut < len; cut++)
			short_is_refused = short_is_refused &&
					   agent_msg_decode(packet, cut,
							    &none) == -EBADMSG;
		longer = calloc(1, len + 1);
		memcpy(longer, packet, len);
		long_is_refused =
			long_is_refused &&
			agent_msg_decode(longer, len + 1, &none) == -EBADMSG;
	}
	TAP_OK(same, "every_type_comes_back_to_the_byte");
	TAP_OK(key_is_right, "keys_come_back");
	TAP_OK(short_is_refused, "every_cut_packet_is_refused");
	TAP_OK(long_is_refused, "bytes_left_over_are_refused");
}

static void test_fields(void)
{
	_cleanup_(agent_msg_done) struct agent_msg in, out;
	_free_ uint8_t *packet = NULL;
	size_t len;

	out = AGENT_MSG_INIT;
	fill(&in, AGENT_MSG_DECRYPT);
	packet = pack(&in, &len);
	TAP_EQ_INT(agent_msg_decode(packet, len, &out), 0, "decrypt_decodes");
	TAP_EQ_STR(out.cmk, "alias/aws/kmsagent", "it_names_the_cmk");
	TAP_EQ_MEM(out.blob, blob, sizeof(blob), "it_has_the_blob");
	TAP_OK(ectx_equal(&in.context, &out.context), "it_has_the_context");
	TAP_OK(out.key.len == 0 && !out.access_key_id,
	       "it_carries_nothing_that_its_type_does_not");
}

static void test_edks(void)
{
	_cleanup_(agent_msg_done) struct agent_msg in, out;
	_free_ uint8_t *packet = NULL;
	size_t len;

	out = AGENT_MSG_INIT;
	fill(&in, AGENT_MSG_HEADER);
	packet = pack(&in, &len);
	TAP_EQ_INT(agent_msg_decode(packet, len, &out), 0, "header_decodes");
	memset(packet, 0xee, len); /* what was decoded must not point there */
	TAP_EQ_INT((long long)out.edk_count, 2, "both_edks_come");
	TAP_EQ_MEM(out.edks[0].provider_id, "aws-kms", 7, "provider_is_right");
	TAP_EQ_MEM(out.edks[0].ciphertext, blob, 4, "ciphertext_is_right");
	TAP_EQ_INT((long long)out.edks[1].info_len, 0, "empty_info_is_kept");
}

static void test_caps(void)
{
	_cleanup_(agent_msg_done) struct agent_msg m;
	_free_ uint8_t *head = NULL;
	uint8_t unknown = AGENT_MSG_COUNT_, none = AGENT_MSG_NONE;
	struct agent_msg out = AGENT_MSG_INIT;
	size_t len;

	fill(&m, AGENT_MSG_DECRYPT);
	free(m.cmk);
	m.cmk = calloc(1, 2050);
	memset(m.cmk, 'a', 2049);
	TAP_EQ_INT(agent_msg_encode(&m, &head, &len), -EINVAL,
		   "string_over_its_cap_is_not_sent");
	TAP_EQ_INT(agent_msg_decode(&unknown, 1, &out), -EBADMSG,
		   "unknown_type_is_refused");
	TAP_EQ_INT(agent_msg_decode(&none, 1, &out), -EBADMSG,
		   "type_none_is_refused");
	TAP_EQ_INT(agent_msg_decode("", 0, &out), -EBADMSG,
		   "empty_packet_is_refused");
}

/* PROBE is a type and one string: its length, then the string. */
static void test_strings(void)
{
	const uint8_t nul[] = {AGENT_MSG_PROBE, 0, 3, 'a', 0, 'b'};
	const uint8_t fine[] = {AGENT_MSG_PROBE, 0, 3, 'a', 'x', 'b'};
	uint8_t over[3 + 33] = {AGENT_MSG_PROBE, 0, 33};
	_cleanup_(agent_msg_done) struct agent_msg out = AGENT_MSG_INIT;

	memset(over + 3, 'a', 33);
	TAP_EQ_INT(agent_msg_decode(nul, sizeof(nul), &out), -EBADMSG,
		   "nul_inside_a_string_is_refused");
	TAP_EQ_INT(agent_msg_decode(over, sizeof(over), &out), -EBADMSG,
		   "string_over_its_cap_is_refused");
	TAP_EQ_INT(agent_msg_decode(fine, sizeof(fine), &out), 0,
		   "the_same_without_is_taken");
}

static void test_channel(void)
{
	_cleanup_(secret_done) struct secret buffer = SECRET_INIT;
	_cleanup_(agent_msg_done) struct agent_msg in, out;
	int pair[2], fds[AGENT_MSG_MAX_FDS] = {-1, -1};
	bool wiped = true;
	size_t nfds = 0;

	out = AGENT_MSG_INIT;
	fill(&in, AGENT_MSG_SEAL);
	if (secret_alloc(&buffer, AGENT_MSG_MAX_BYTES) < 0 ||
	    agent_channel_pair(pair) < 0)
		abort();
	TAP_EQ_INT(agent_channel_send(pair[0], &in, (int[]){0, 1}, 2), 0,
		   "message_with_descriptors_is_sent");
	TAP_EQ_INT(agent_channel_recv(pair[1], &buffer, &out, fds, &nfds), 0,
		   "it_arrives");
	TAP_EQ_INT((long long)nfds, 2, "both_descriptors_arrive");
	TAP_OK(secret_equal(&in.key, &out.key), "its_key_arrives");
	for (size_t i = 0; i < buffer.len; i++)
		wiped = wiped && buffer.bytes[i] == 0;
	TAP_OK(wiped, "receive_buffer_is_wiped");
	close(fds[0]);
	close(fds[1]);
	TAP_EQ_INT(agent_channel_send(pair[0], &in, (int[]){0}, 1), 0,
		   "one_descriptor_is_sent");
	agent_msg_done(&out);
	TAP_EQ_INT(agent_channel_recv(pair[1], &buffer, &out, NULL, NULL),
		   -EBADMSG, "unwanted_descriptors_are_refused");
	TAP_EQ_INT(send(pair[0], "\xff", 1, 0), 1, "rubbish_is_sent");
	TAP_EQ_INT(agent_channel_recv(pair[1], &buffer, &out, NULL, NULL),
		   -EBADMSG, "rubbish_is_refused");
	close(pair[0]);
	TAP_EQ_INT(agent_channel_recv(pair[1], &buffer, &out, NULL, NULL),
		   -EPIPE, "end_is_told_apart");
	close(pair[1]);
}

int main(void)
{
	test_round_trips();
	test_fields();
	test_edks();
	test_caps();
	test_strings();
	test_channel();
	return tap_done();
}
