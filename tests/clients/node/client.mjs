// Usage: node client.mjs ADDRESS HEAD IMAGE BROKEN_IMAGE
// Prints one JSON object: what a client in another language sees of a running Gateway.
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import grpc from '@grpc/grpc-js';
import reflectionClient from 'grpc-js-reflection-client';

const [address, head, imageFile, brokenFile] = process.argv.slice(2);
const credentials = grpc.credentials.createInsecure();
const reflection = new reflectionClient.GrpcReflection(address, credentials);

async function service(name) {
  const descriptor = await reflection.getDescriptorBySymbol(name);
  const packages = descriptor.getPackageObject({ keepCase: true, longs: Number, enums: String, bytes: Buffer, oneofs: true });
  const Service = name.split('.').reduce((at, part) => at[part], packages);
  return new Service(address, credentials);
}

function unary(client, method, request) {
  return new Promise((resolve) => client[method](request, (error, response) => resolve({ error, response })));
}

const services = (await reflection.listServices()).filter(Boolean);
const prediction = await service('topfive.gateway.v1.Prediction');
const features = await service('topfive.features.v1.FeatureExtraction');
const image = readFileSync(imageFile);
const broken = readFileSync(brokenFile);
const hash = createHash('sha256').update(image).digest();

const first = await unary(prediction, 'Predict', { head, image });
const again = await unary(prediction, 'Predict', { head, image_hash: hash, top_k: 2 });
const extracted = await unary(features, 'Extract', { image_hash: hash });
const refused = await unary(prediction, 'Predict', { head, image: broken });
const unknown = await unary(prediction, 'Predict', { head: 'nobody', image });

const streamed = await new Promise((resolve, reject) => {
  const call = prediction.PredictStream();
  const answers = {};
  call.on('data', (answer) => { answers[answer.id] = answer; });
  call.on('error', reject);
  call.on('end', () => resolve(answers));
  call.write({ id: 'good', head, image });
  call.write({ id: 'broken', head, image: broken });
  call.end();
});

const norm = Math.sqrt(extracted.response.vector.reduce((sum, x) => sum + x * x, 0));
console.log(JSON.stringify({
  services,
  first: first.response && { predictions: first.response.predictions, source: first.response.source, hash: first.response.image_hash.toString('hex') },
  firstError: first.error?.details,
  again: again.response && { predictions: again.response.predictions, source: again.response.source },
  expectedHash: hash.toString('hex'),
  dimensions: extracted.response.vector.length,
  norm,
  refused: { code: grpc.status[refused.error.code], message: refused.error.details },
  unknown: { code: grpc.status[unknown.error.code], message: unknown.error.details },
  streamed: { good: streamed.good.predicted?.predictions.length, broken: streamed.broken.error },
}));
