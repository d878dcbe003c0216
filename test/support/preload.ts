// Jest refuses require() of an ES module whose evaluation has begun, and @nestjs/throttler, still CommonJS, requires
// Nest. So Nest is loaded whole before anything else.
import '@nestjs/common';
import '@nestjs/core';
