/** As `random.test.ts`, for long. */
import { testProperties } from './properties.js';

testProperties({ schemas: 600, messages: 8, mutations: 60 });
