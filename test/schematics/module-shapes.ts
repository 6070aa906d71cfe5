/** One way to write a root module: its text, and what it imports besides sessions. */
export interface ModuleShape {
  readonly text: string;
  readonly others: readonly string[];
}

const head = `import { Module } from '@nestjs/common';\nimport { UserModule } from './user.module';\n\n`;

export const MODULE_SHAPES: Readonly<Record<string, ModuleShape>> = {
  'an empty list': { text: `${head}@Module({\n  imports: [],\n})\nexport class AppModule {}\n`, others: [] },
  'a list in one line': {
    text: `${head}@Module({ imports: [UserModule, OtherModule], providers: [] })\nexport class AppModule {}\n`,
    others: ['UserModule', 'OtherModule'],
  },
  'a list in several lines, with a comma at its end': {
    text: `${head}@Module({\n  imports: [\n    UserModule,\n    OtherModule,\n  ],\n})\nexport class AppModule {}\n`,
    others: ['UserModule', 'OtherModule'],
  },
  'a list without a comma at its end': {
    text: `${head}@Module({\n  imports: [\n    UserModule,\n    OtherModule\n  ]\n})\nexport class AppModule {}\n`,
    others: ['UserModule', 'OtherModule'],
  },
  'a list whose first element stands beside the bracket': {
    text: `${head}@Module({\n  imports: [UserModule.forRoot({\n    deep: true,\n  })],\n})\nexport class AppModule {}\n`,
    others: ['UserModule.forRoot({\n    deep: true,\n  })'],
  },
  'a comment beside its last import': {
    text: `import { Module } from '@nestjs/common';\nimport { UserModule } from './user.module'; // who they are\n\n@Module({ imports: [UserModule] })\nexport class AppModule {}\n`,
    others: ['UserModule'],
  },
  'comments in the list': {
    text: `${head}@Module({\n  imports: [ // all of them\n    // who they are: imports: []\n    UserModule, /* ] */ OtherModule, // the rest\n  ],\n})\nexport class AppModule {}\n`,
    others: ['UserModule', 'OtherModule'],
  },
  'a list of comments only': {
    text: `${head}@Module({\n  imports: [\n    // UserModule,\n  ],\n})\nexport class AppModule {}\n`,
    others: [],
  },
  'a list with nothing but a comment, in one line': {
    text: `${head}@Module({ imports: [/* none yet */] })\nexport class AppModule {}\n`,
    others: [],
  },
  'no imports': {
    text: `${head}@Module({\n  // what answers\n  controllers: [AppController],\n})\nexport class AppModule {}\n`,
    others: [],
  },
  'no imports, in one line': {
    text: `${head}@Module({ controllers: [AppController] })\nexport class AppModule {}\n`,
    others: [],
  },
  'an empty object': { text: `${head}@Module({})\nexport class AppModule {}\n`, others: [] },
  'no argument': { text: `${head}@Module()\nexport class AppModule {}\n`, others: [] },
  'double quotes, a quoted name and tabs': {
    text: `import { Module } from "@nestjs/common";\nimport { UserModule } from "./user.module";\n\n@Module({\n\t"imports": [\n\t\tUserModule,\n\t],\n})\nexport class AppModule {}\n`,
    others: ['UserModule'],
  },
  'four spaces and line ends of Windows': {
    text: `${head}@Module({\n    imports: [\n        UserModule,\n    ],\n})\nexport class AppModule {}\n`.replaceAll(
      '\n',
      '\r\n',
    ),
    others: ['UserModule'],
  },
  'a list that stands elsewhere': {
    text: `${head}const modules = [UserModule];\n\n@Module({\n  imports: modules,\n})\nexport class AppModule {}\n`,
    others: ['...(modules)'],
  },
  'a list by its name': {
    text: `${head}const imports = [UserModule];\n\n@Module({ imports })\nexport class AppModule {}\n`,
    others: ['...imports'],
  },
  'a list that depends': {
    text: `${head}@Module({\n  imports: isTest ? [] : [UserModule],\n})\nexport class AppModule {}\n`,
    others: ['...(isTest ? [] : [UserModule])'],
  },
  'what others have in common, spread': {
    text: `${head}@Module({\n  imports: [...common, forwardRef(() => UserModule)],\n})\nexport class AppModule {}\n`,
    others: ['...common', 'forwardRef(() => UserModule)'],
  },
  'a name in brackets': {
    text: `${head}@Module({\n  providers: [],\n  ['imports']: [UserModule],\n})\nexport class AppModule {}\n`,
    others: ['UserModule'],
  },
  'a name in brackets, and a list that stands elsewhere': {
    text: `${head}@Module({\n  [\`imports\`]: modules,\n})\nexport class AppModule {}\n`,
    others: ['...(modules)'],
  },
  'tabs, no semicolons and line ends of Windows': {
    text: `${head}@Module({\n\timports: [\n\t\tforwardRef(() => UserModule),\n\t],\n})\nexport class AppModule {}\n`
      .replaceAll(';', '')
      .replaceAll('\n', '\r\n'),
    others: ['forwardRef(() => UserModule)'],
  },
  'a list with a type': {
    text: `${head}@Module({\n  imports: [UserModule] satisfies unknown[],\n})\nexport class AppModule {}\n`,
    others: ['UserModule'],
  },
  'the decorator under another name': {
    text: `import { Module as NestModule } from '@nestjs/common';\n\n@Global()\n@NestModule({ imports: [UserModule] })\nexport class AppModule {}\n`,
    others: ['UserModule'],
  },
  'the decorator of a namespace': {
    text: `import * as nest from '@nestjs/common';\n\n@nest.Module({ imports: [UserModule] })\nexport class AppModule {}\n`,
    others: ['UserModule'],
  },
  'a second module in the file': {
    text: `${head}@Module({ imports: [] })\nclass Inner {}\n\n@Module({ imports: [Inner] })\nexport class AppModule {}\n`,
    others: ['Inner'],
  },
};
