import { Module } from '@nestjs/common';

import { ParallelController } from './parallel.controller.js';
import { UnmergedStore } from './unmerged-store.js';

@Module({ controllers: [ParallelController], providers: [UnmergedStore] })
export class ParallelModule {}
