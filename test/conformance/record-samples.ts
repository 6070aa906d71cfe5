export * from '../../lib/conformance/record-samples.js';
