'use strict';

const sdk = require('./sdk');

sdk.getInput().then(() => console.log(Date.now()));
