/** Random schemas and random messages: all engines agree, and reading and writing undo each other. */
import { testProperties } from './properties.js';

testProperties({ schemas: 25, messages: 4, mutations: 40 });
