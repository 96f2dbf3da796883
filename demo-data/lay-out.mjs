// Copies the package's 64-pixel images into one folder per label. The labels are the subcategories of emoji.json that
// have at least 20 images. usage: node lay-out.mjs FOLDER
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const leastImages = 20;
const folder = process.argv[2];
const packageFolder = 'node_modules/emoji-datasource-twitter';

const emoji = JSON.parse(readFileSync(join(packageFolder, 'emoji.json'), 'utf8')).filter(one => one.has_img_twitter);
const images = new Map();
for (const { subcategory, image } of emoji) {
  images.set(subcategory, [...images.get(subcategory) ?? [], image]);
}
const labels = [...images].filter(([, files]) => files.length >= leastImages);

const unfinished = `${folder}.unfinished`;
rmSync(unfinished, { recursive: true, force: true });
for (const [label, files] of labels) {
  mkdirSync(join(unfinished, label), { recursive: true });
  for (const file of files) {
    copyFileSync(join(packageFolder, 'img/twitter/64', file), join(unfinished, label, file));
  }
}
copyFileSync('package-lock.json', join(unfinished, '.package-lock.json'));

rmSync(folder, { recursive: true, force: true });
mkdirSync(dirname(folder), { recursive: true });
renameSync(unfinished, folder);
console.log(`${labels.reduce((sum, [, files]) => sum + files.length, 0)} images of ${labels.length} labels are in out/emoji.`);
