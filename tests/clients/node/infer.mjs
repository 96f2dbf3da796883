// Usage: node infer.mjs ADDRESS HEAD IMAGE OTHER_IMAGE BROKEN_IMAGE
// Prints one JSON object: what a client of the Open Inference Protocol, made from protos/inference.proto alone, sees of a running Gateway.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const [address, head, ...files] = process.argv.slice(2);
const proto = fileURLToPath(new URL('../../../protos/inference.proto', import.meta.url));
const { inference } = grpc.loadPackageDefinition(protoLoader.loadSync(proto, { keepCase: true, longs: Number, enums: String, oneofs: true }));
const client = new inference.GRPCInferenceService(address, grpc.credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
const [image, other, broken] = files.map((file) => readFileSync(file));

const call = (method, request) => new Promise((resolve) => client[method](request, (error, response) =>
  resolve(error ? { error: { code: grpc.status[error.code], message: error.details } } : response)));

// Each element of BYTES in raw form has its length before it.
const raw = (images) => Buffer.concat(images.flatMap((bytes) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}));
const input = (shape, more) => [{ name: 'image', datatype: 'BYTES', shape, ...more }];
const rawRequest = (model_name, images, more) => ({ model_name, inputs: input([images.length]), raw_input_contents: [raw(images)], ...more });
const typedRequest = (model_name, images) => ({ model_name, inputs: input([images.length, 1], { contents: { bytes_contents: images } }) });

function rows({ error, model_version, outputs, raw_output_contents: [bytes] = [] }) {
  if (error) return { error };
  const [{ name, datatype, shape }] = outputs;
  const elements = [];
  for (let at = 0; at < bytes.length;) {
    if (datatype === 'FP32') {
      elements.push(bytes.readFloatLE(at));
      at += 4;
    } else {
      const length = bytes.readUInt32LE(at);
      elements.push(bytes.subarray(at + 4, at + 4 + length).toString());
      at += 4 + length;
    }
  }
  const width = shape[1];
  return { version: model_version, name, datatype, shape, rows: Array.from({ length: shape[0] }, (_, row) => elements.slice(row * width, (row + 1) * width)) };
}

const infer = async (request) => rows(await call('ModelInfer', request));
const classification = (name, count) => ({ outputs: [{ name, parameters: { classification: { int64_param: count } } }] });

const streamed = await new Promise((resolve, reject) => {
  const stream = client.ModelStreamInfer();
  const answers = [];
  stream.on('data', (answer) => answers.push({ id: answer.infer_response.id, error: answer.error_message, ...(answer.error_message ? {} : rows(answer.infer_response)) }));
  stream.on('error', reject);
  stream.on('end', () => resolve(answers));
  stream.write(rawRequest(head, [image], { id: 'first' }));
  stream.write(rawRequest(head, [broken], { id: 'broken' }));
  stream.write(rawRequest(head, [other], { id: 'last' }));
  stream.end();
});

console.log(JSON.stringify({
  live: (await call('ServerLive', {})).live,
  ready: (await call('ServerReady', {})).ready,
  modelReady: (await call('ModelReady', { name: head })).ready,
  server: await call('ServerMetadata', {}),
  headMetadata: await call('ModelMetadata', { name: head }),
  backboneMetadata: await call('ModelMetadata', { name: 'backbone' }),
  index: (await call('RepositoryIndex', {})).models,
  raw: await infer(rawRequest(head, [image, other, image])),
  typed: await infer(typedRequest(head, [image, other, image])),
  classes: await infer(rawRequest(head, [image, other], classification('probabilities', 3))),
  vectors: await infer(rawRequest('backbone', [image, other])),
  broken: await infer(rawRequest(head, [image, broken])),
  unknown: await infer(rawRequest('nobody', [image])),
  wrongVersion: await infer(rawRequest(head, [image], { model_version: '99' })),
  streamed,
}));
client.close();
