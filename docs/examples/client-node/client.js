// Asks the catalogue for things, over gRPC, from docs/contracts/catalog.v1.proto and nothing else of this repository.
//   RPC_KEY=… node client.js HOST:PORT WORDS [AFTER]
"use strict";
const { createHmac } = require("node:crypto");
const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const { loadSync } = require("@grpc/proto-loader");
const protobuf = require("protobufjs");

const file = path.join(__dirname, "..", "..", "contracts", "catalog.v1.proto");
const { Catalog } = grpc.loadPackageDefinition(loadSync(file, { keepCase: true, longs: Number, arrays: true })).offshoot.catalog.v1;
const contract = protobuf.loadSync(file);
const DECLARED = "offshoot.catalog.v1.Error";
// google.rpc.Status, by which gRPC carries more than a code and a message.
const Status = protobuf.parse(`syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }`).root.lookupType("Status");
const [address, query, after] = process.argv.slice(2);
// Of several keys the first signs.
const key = (process.env.RPC_KEY || "").split(",")[0].trim();
if (!address || !query || !key) {
  console.error("RPC_KEY=… node client.js HOST:PORT WORDS [AFTER]");
  process.exit(2);
}

// A JSON Web Token: who we are, whom we call, for a minute.
function token(audience) {
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "client-node", aud: audience, iat: now, exp: now + 60 };
  const signed = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

// A declared error stands in the details of the status; its class is its code in capitals: InvalidQuery.
function classOf(error) {
  const [details] = error.metadata ? error.metadata.get("grpc-status-details-bin") : [];
  const declared = details && Status.decode(details).details.find((one) => one.typeUrl.endsWith(`/${DECLARED}`));
  if (!declared) return grpc.status[error.code];
  const { code } = contract.lookupType(DECLARED).decode(declared.value);
  return code.split(".")[1].replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());
}

const metadata = new grpc.Metadata();
metadata.set("authorization", `Bearer ${token("catalog")}`);
metadata.set("accept-language", "en");
const catalog = new Catalog(address, grpc.credentials.createInsecure());
const request = after ? { query, limit: 5, after } : { query, limit: 5 };
catalog.SearchItems(request, metadata, { deadline: Date.now() + 10_000 }, (error, answer) => {
  catalog.close();
  if (error) {
    console.error(`${classOf(error)}: ${error.details}`);
    process.exitCode = 1;
    return;
  }
  for (const item of answer.result.items) console.log(`${item.title}  /items/${item.slug}`);
  console.log(`${answer.result.items.length} found`);
});
