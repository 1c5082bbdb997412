'use strict';

const sdk = require('./sdk');

/** What a scraper finds on one page of a shop. */
function row(number) {
  return {
    url: `https://shop.example.com/products/${number}`,
    title: `Product ${number} with a name of middling length`,
    price: 19.95 + (number % 100),
    currency: 'EUR',
    available: number % 7 !== 0,
    rating: (number % 50) / 10,
    categories: ['household', 'kitchen', 'knives'],
    description: 'A few words about what it is, what it is made of, and why somebody might want to have it.',
  };
}

async function push(rows, inFlight) {
  let next = 0;
  async function pushOneAfterAnother() {
    while (next < rows) {
      next += 1;
      await sdk.pushData(row(next));
    }
  }
  await Promise.all(Array.from({ length: inFlight }, pushOneAfterAnother));
}

async function main() {
  const { rows, inFlight } = await sdk.getInput();
  await push(rows / 10, inFlight);
  const start = performance.now();
  await push(rows, inFlight);
  console.log(rows / ((performance.now() - start) / 1000));
}

main().catch((error) => {
  process.exitCode = 1;
  console.error(error);
});
