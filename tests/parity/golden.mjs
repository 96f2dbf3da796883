// usage: node golden.mjs PIXELS_FOLDER wasm|cpu. See ./golden.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { load } from 'nsfwjs/core';
import { InceptionV3Model } from 'nsfwjs/models/inception_v3';

const [folder, backend] = process.argv.slice(2);
if (!await tf.setBackend(backend)) throw new Error(`TensorFlow.js has no backend '${backend}' here`);

const nsfw = await load('InceptionV3', { size: 299, modelDefinitions: [InceptionV3Model] });
// The last layer before the head: 2048 means over 8×8 places.
const pooling = nsfw.model.getLayer('average_pooling2d_10');
const backbone = tf.model({ inputs: nsfw.model.inputs, outputs: pooling.output });

const photos = [];
for (const file of readdirSync(folder).sort()) {
  const bytes = readFileSync(join(folder, file));
  const pixels = tf.tensor3d(new Int32Array(bytes), [299, 299, 3], 'int32');
  const classes = await nsfw.classify(pixels, 5);
  const output = tf.tidy(() => backbone.predict(pixels.toFloat().div(255).expandDims(0)));
  const vector = await output.data();
  tf.dispose([pixels, output]);
  photos.push({
    name: file.replace(/\.rgb$/, ''),
    pixels_sha256: createHash('sha256').update(bytes).digest('hex'),
    probabilities: Object.fromEntries(classes.map(({ className, probability }) => [className, probability])),
    vector_float32_base64: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'),
  });
  console.log(`${photos.at(-1).name}: ${vector.length} numbers, ${classes[0].className} ${classes[0].probability.toFixed(3)}`);
}

const { version } = JSON.parse(readFileSync('node_modules/@tensorflow/tfjs/package.json', 'utf8'));
const source = `nsfwjs InceptionV3 on @tensorflow/tfjs ${version}, backend ${backend}`;
writeFileSync('golden.json', `${JSON.stringify({ source, photos }, null, 1)}\n`);
