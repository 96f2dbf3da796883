// Unwraps the Inception V3 that the npm package nsfwjs carries in JavaScript modules (model.json as an object, each
// shard as base64 text) into the files a TF.js layers model consists of. usage: node unpack.mjs FOLDER
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const folder = process.argv[2];
const require = createRequire(import.meta.url);
const packageFolder = 'node_modules/nsfwjs';
const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));

function open(module) {
  const exported = require(`./${packageFolder}/dist/${module}`);
  return exported.default ?? exported;
}

const unfinished = `${folder}.unfinished`;
rmSync(unfinished, { recursive: true, force: true });
mkdirSync(unfinished, { recursive: true });

const model = open('models/inception_v3/model.min.js');
for (const { paths, weights } of model.weightsManifest) {
  let bytes = 0;
  for (const path of paths) {
    const shard = Buffer.from(open(`models/inception_v3/${path}.min.js`), 'base64');
    writeFileSync(join(unfinished, path), shard);
    bytes += shard.length;
  }
  console.log(`${weights.length} weights, ${bytes} bytes in ${paths.length} shards`);
}

// The format's own fields say where a model comes from; this one's are empty.
writeFileSync(join(unfinished, 'model.json'), JSON.stringify({
  format: 'layers-model', generatedBy: `npm nsfwjs ${version}, models/inception_v3`, ...model,
}));
const { NSFW_CLASSES: classes } = open('cjs/nsfw_classes.js');
writeFileSync(join(unfinished, 'labels.txt'), Object.keys(classes).map(index => `${classes[index]}\n`).join(''));
copyFileSync('package-lock.json', join(unfinished, 'package-lock.json'));

rmSync(folder, { recursive: true, force: true });
mkdirSync(dirname(folder), { recursive: true });
renameSync(unfinished, folder);
