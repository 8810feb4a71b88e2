// SPDX-License-Identifier: MIT
// The real AWS Encryption SDK for JavaScript, asked over pipes: one JSON
// request a line in, one JSON answer a line out.  Bytes are hex.  Run it with
// NODE_PATH="$(tests/data/esdk-sdk-install)".
//
//   {op:"encrypt", plaintext, suite?, frame?, context?, keyring}
//     -> {message} or {error}
//   {op:"decrypt", message, keyring, max_edks?} -> {plaintext, context} or
//     {error}
//   keyring: {aes: KEY, name, namespace}, several of them in a list, or
//     {kms: [ARN...], endpoint, region, key_id, secret}, or
//     {stub: DATA KEY, kms: [ARN...]}: a KMS that hands out that data key
'use strict'
const { createInterface } = require('node:readline')
const {
	buildClient, CommitmentPolicy, KMS, KmsKeyringNode, MultiKeyringNode,
	RawAesKeyringNode, RawAesWrappingSuiteIdentifier,
} = require('@aws-crypto/client-node')

// The SDK wants key bytes in a buffer that shares its memory with nothing.
function isolated(hex) {
	const from = Buffer.from(hex, 'hex')
	const to = new Uint8Array(new ArrayBuffer(from.length))
	to.set(from)
	return to
}

function stubKms(dataKey) {
	const blob = (id) => Buffer.from(`blob-of-${id}`)
	return () => ({
		generateDataKey: async ({ KeyId }) => ({
			Plaintext: isolated(dataKey), CiphertextBlob: blob(KeyId),
			KeyId,
		}),
		encrypt: async ({ KeyId }) => ({ CiphertextBlob: blob(KeyId), KeyId }),
		decrypt: async ({ KeyId }) => ({ Plaintext: isolated(dataKey), KeyId }),
	})
}

function kmsClient({ endpoint, key_id, secret }) {
	return (region) => new KMS({
		region, endpoint,
		credentials: { accessKeyId: key_id, secretAccessKey: secret },
	})
}

function keyring(k) {
	if (Array.isArray(k)) {
		const [generator, ...children] = k.map(keyring)
		return new MultiKeyringNode({ generator, children })
	}
	if (k.kms)
		return new KmsKeyringNode({
			generatorKeyId: k.kms[0], keyIds: k.kms.slice(1),
			clientProvider: k.stub ? stubKms(k.stub) : kmsClient(k),
		})
	return new RawAesKeyringNode({
		keyName: k.name, keyNamespace: k.namespace,
		unencryptedMasterKey: isolated(k.aes), utf8Sorting: true,
		wrappingSuite:
			RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
	})
}

async function encrypt(q) {
	const suite = q.suite ?? 0x0478
	const policy = suite === 0x0478 || suite === 0x0578
		? CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
		: CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
	const { result } = await buildClient(policy).encrypt(
		keyring(q.keyring), Buffer.from(q.plaintext, 'hex'),
		{ suiteId: suite, frameLength: q.frame, encryptionContext: q.context })
	return { message: result.toString('hex') }
}

async function decrypt(q) {
	const client = buildClient({
		commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
		maxEncryptedDataKeys: q.max_edks ?? false,
	})
	const { plaintext, messageHeader } = await client.decrypt(
		keyring(q.keyring), Buffer.from(q.message, 'hex'))
	return {
		plaintext: plaintext.toString('hex'),
		context: messageHeader.encryptionContext,
	}
}

const ops = { encrypt, decrypt }

async function main() {
	for await (const line of createInterface({ input: process.stdin })) {
		const q = JSON.parse(line)
		let answer
		try {
			answer = await ops[q.op](q)
		} catch (e) {
			answer = { error: String(e.message).split('\n')[0] }
		}
		process.stdout.write(JSON.stringify(answer) + '\n')
	}
}

main()
