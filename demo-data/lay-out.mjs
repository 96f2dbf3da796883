// Copies a vendor's 64-pixel images, from the package below the current directory, into one folder per label. The labels are the
// subcategories of emoji.json that have at least 20 images by Twitter, whoever the vendor is. usage: node lay-out.mjs VENDOR FOLDER
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const leastImages = 20;
const [vendor, folder] = process.argv.slice(2);
const packageFolder = `node_modules/emoji-datasource-${vendor}`;

const emoji = JSON.parse(readFileSync(join(packageFolder, 'emoji.json'), 'utf8')).filter(one => one.has_img_twitter);
const all = new Map();
for (const one of emoji) {
  all.set(one.subcategory, [...all.get(one.subcategory) ?? [], one]);
}
const labels = [...all].filter(([, ones]) => ones.length >= leastImages)
  .map(([label, ones]) => [label, ones.filter(one => one[`has_img_${vendor}`]).map(one => one.image)]);

const unfinished = `${folder}.unfinished`;
rmSync(unfinished, { recursive: true, force: true });
for (const [label, files] of labels) {
  mkdirSync(join(unfinished, label), { recursive: true });
  for (const file of files) {
    copyFileSync(join(packageFolder, `img/${vendor}/64`, file), join(unfinished, label, file));
  }
}
copyFileSync('package-lock.json', join(unfinished, '.package-lock.json'));

rmSync(folder, { recursive: true, force: true });
mkdirSync(dirname(folder), { recursive: true });
renameSync(unfinished, folder);
console.log(`${labels.reduce((sum, [, files]) => sum + files.length, 0)} images of ${labels.length} labels are in out/${basename(folder)}.`);
