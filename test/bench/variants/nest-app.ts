import { Module, type DynamicModule, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

@Module({})
class BenchModule {}

function moduleOf(controller: Type, imports: DynamicModule[]): DynamicModule {
  return { module: BenchModule, controllers: [controller], imports };
}

/** A Nest application on Express, not yet initialized. */
export async function expressApp(
  controller: Type,
  imports: DynamicModule[] = [],
): Promise<NestExpressApplication> {
  return NestFactory.create<NestExpressApplication>(moduleOf(controller, imports), {
    logger: ['error', 'fatal'],
  });
}

/** A Nest application on Fastify, not yet initialized. */
export async function fastifyApp(
  controller: Type,
  imports: DynamicModule[] = [],
): Promise<NestFastifyApplication> {
  return NestFactory.create<NestFastifyApplication>(moduleOf(controller, imports), new FastifyAdapter(), {
    logger: ['error', 'fatal'],
  });
}

/** The same, for variants that run on either platform. */
export async function appOn(
  platform: 'express' | 'fastify',
  controller: Type,
  imports: DynamicModule[] = [],
): Promise<INestApplication> {
  return platform === 'express' ? expressApp(controller, imports) : fastifyApp(controller, imports);
}
