package iam

import (
	"slices"
	"strings"
	"sync"

	"github.com/openstance/stance/asset"
)

// Escalations returns the names of the known methods by which a principal can gain
// further permissions, sorted. Docs are all its identity-based policies (inline,
// attached, and those of its groups), boundary is its permissions boundary (absent if it
// has none), and own is its ARN or "".
//
// A method counts if each of its actions is allowed, after Deny statements and the
// boundary, on any resource of the kind or on the principal itself; a permission for
// named resources counts as intended. A condition that the principal may fail to meet
// does not allow, and a Deny counts only if it always applies. An administrator has
// every method. Trust policies and resource policies are ignored.
//
// An error means that the list may be incomplete.
func Escalations(docs []asset.Value, boundary asset.Value, own string) ([]string, error) {
	e := escalator{own: own, held: readAll(docs...), limit: bounds(boundary)}
	e.actions, e.unlisted = e.held.actions()
	e.partition, e.account = "aws", "*"
	e.context = map[string][]string{"aws:securetransport": {"true"}, "aws:principalisawsservice": {"false"}}
	if a, ok := parseARN(own); ok {
		e.partition, e.account = a.partition(), a.account()
		e.context["aws:principalarn"] = []string{own}
		e.context["aws:principalaccount"] = []string{a.account()}
		kind, name, _ := strings.Cut(a.resource(), "/")
		if kind == "user" {
			e.context["aws:username"] = []string{name[strings.LastIndexByte(name, '/')+1:]}
			e.context["aws:principaltype"] = []string{"User"}
		} else if kind == "role" {
			e.context["aws:principaltype"] = []string{"AssumedRole"}
		}
	}
	e.names = strings.NewReplacer("ACCOUNT", e.account, "NAME", somebody)
	var names []string
	var err error
	for _, m := range methods() {
		if m.unbinds && boundary.IsAbsent() {
			continue
		}
		// A cheap test excludes most methods: few principals have all their actions.
		if slices.ContainsFunc(m.steps, e.lacks) {
			continue
		}
		t := known(true)
		for _, s := range m.steps {
			if t = t.and(e.can(s)); t.isNo() {
				break
			}
		}
		if t.isYes() {
			names = append(names, m.name)
		} else if t.err != nil && err == nil {
			err = t.err
		}
	}
	return sorted(names), err
}

type escalator struct {
	own, partition, account string
	held, limit             policies
	actions                 []string // that held allows, as patterns
	unlisted                bool     // it may allow other actions
	names                   *strings.Replacer
	context                 map[string][]string
}

// lacks reports whether nothing allows the action of the step on any resource.
func (e *escalator) lacks(s step) bool {
	return !e.unlisted && !slices.ContainsFunc(e.actions, func(a string) bool { return overlaps(a, s.action, true) })
}

// can reports whether the principal can take the step.
func (e *escalator) can(s step) truth {
	resource := "arn:" + e.partition + ":" + e.names.Replace(s.resource)
	probes := []probe{{s.action, resource}}
	// On itself: its own ARN begins like that of the resource.
	if kind, _, _ := strings.Cut(resource, somebody); s.self && strings.HasPrefix(e.own, kind) {
		probes = append(probes, probe{s.action, quote(e.own)})
	}
	values := s.values
	if len(values) == 0 {
		values = []string{""}
	}
	t := known(false)
	for _, p := range probes {
		for _, v := range values {
			if t = t.or(e.allowed(p, judgement{open: true, context: e.with(s, v)})); t.isYes() {
				return t
			}
		}
	}
	return t
}

// with returns the context of a step that is taken with a value for its key.
func (e *escalator) with(s step, value string) map[string][]string {
	iam := strings.HasPrefix(s.action, "iam:") && e.partition == "aws"
	if s.key == "" && !iam {
		return e.context
	}
	context := make(map[string][]string, len(e.context)+2)
	for k, v := range e.context {
		context[k] = v
	}
	if s.key != "" {
		context[s.key] = []string{strings.Replace(value, "arn:aws:", "arn:"+e.partition+":", 1)}
	}
	if iam {
		context["aws:requestedregion"] = []string{"us-east-1"}
	}
	return context
}

func (e *escalator) allowed(p probe, j judgement) truth {
	t := e.held.allows(p, j)
	if t.isNo() {
		return t
	}
	if t = t.and(e.limit.allows(p, j)); t.isNo() {
		return t
	}
	return t.and(e.held.denies(p, j).not()).and(e.limit.denies(p, j).not())
}

// method is a way to gain permissions: all steps must be allowed.
type method struct {
	name    string
	steps   []step
	unbinds bool // useful only to a principal with a permissions boundary
}

// step is an action on a resource. The ARN is written without its partition, and with
// ACCOUNT and NAME for the principal's account and any name.
type step struct {
	action, resource string
	self             bool     // works on the principal itself
	key              string   // condition key that the step gives one of the values
	values           []string // that serve the purpose
}

// Resources of steps.
const (
	aUser         = "iam::ACCOUNT:user/NAME"
	aGroup        = "iam::ACCOUNT:group/NAME"
	aRole         = "iam::ACCOUNT:role/NAME"
	aPolicy       = "iam::ACCOUNT:policy/NAME"
	aFunction     = "lambda:*:ACCOUNT:function:NAME"
	anInstance    = "ec2:*:ACCOUNT:instance/NAME"
	aStack        = "cloudformation:*:ACCOUNT:stack/NAME/*"
	aGlueJob      = "glue:*:ACCOUNT:job/NAME"
	aProject      = "codebuild:*:ACCOUNT:project/NAME"
	aTaskDef      = "ecs:*:ACCOUNT:task-definition/NAME:*"
	aTask         = "ecs:*:ACCOUNT:task/NAME/NAME"
	aNotebook     = "sagemaker:*:ACCOUNT:notebook-instance/NAME"
	aMachine      = "states:*:ACCOUNT:stateMachine:NAME"
	anInterpreter = "bedrock-agentcore:*:ACCOUNT:code-interpreter/NAME"
)

func do(action, resource string) step { return step{action: action, resource: resource} }

func onSelf(action, resource string) step {
	return step{action: action, resource: resource, self: true}
}

// attach gives an identity a policy that grants everything else.
func attach(action, resource string) step {
	return step{action: action, resource: resource, self: true, key: "iam:policyarn", values: []string{
		"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/IAMFullAccess",
	}}
}

// pass passes a role with more permissions to a service.
func pass(service string) step {
	return step{action: "iam:PassRole", resource: aRole, key: "iam:passedtoservice", values: []string{service + ".amazonaws.com"}}
}

// methods returns the known methods, grouped by what they abuse. They are built once,
// which takes longer than most evaluations, and must not be changed.
var methods = sync.OnceValue(func() []method {
	m := func(name string, steps ...step) method { return method{name: name, steps: steps} }
	unbind := func(name string, s step) method { return method{name: name, steps: []step{s}, unbinds: true} }
	return slices.Concat([]method{
		// Changing what policies say or who has them.
		m("CreatePolicyVersion", do("iam:CreatePolicyVersion", aPolicy)),
		m("SetDefaultPolicyVersion", do("iam:SetDefaultPolicyVersion", aPolicy)),
		m("AttachUserPolicy", attach("iam:AttachUserPolicy", aUser)),
		m("AttachGroupPolicy", attach("iam:AttachGroupPolicy", aGroup)),
		m("AttachRolePolicy", attach("iam:AttachRolePolicy", aRole)),
		m("PutUserPolicy", onSelf("iam:PutUserPolicy", aUser)),
		m("PutGroupPolicy", do("iam:PutGroupPolicy", aGroup)),
		m("PutRolePolicy", onSelf("iam:PutRolePolicy", aRole)),
		m("AddUserToGroup", do("iam:AddUserToGroup", aGroup)),
		unbind("DeleteUserPermissionsBoundary", onSelf("iam:DeleteUserPermissionsBoundary", aUser)),
		unbind("DeleteRolePermissionsBoundary", onSelf("iam:DeleteRolePermissionsBoundary", aRole)),
		// Becoming somebody else.
		m("CreateAccessKey", do("iam:CreateAccessKey", aUser)),
		m("CreateLoginProfile", do("iam:CreateLoginProfile", aUser)),
		m("UpdateLoginProfile", do("iam:UpdateLoginProfile", aUser)),
		m("UpdateAssumeRolePolicy", do("iam:UpdateAssumeRolePolicy", aRole)),
		m("UpdateSAMLProvider", do("iam:UpdateSAMLProvider", "iam::ACCOUNT:saml-provider/NAME")),
	}, passing(m), []method{
		// Getting into what runs with a role already.
		m("UpdateFunctionCode", do("lambda:UpdateFunctionCode", aFunction)),
		m("UpdateFunctionConfiguration", do("lambda:UpdateFunctionConfiguration", aFunction)),
		m("UpdateDevEndpoint", do("glue:UpdateDevEndpoint", "glue:*:ACCOUNT:devEndpoint/NAME")),
		m("CreatePresignedNotebookInstanceUrl", do("sagemaker:CreatePresignedNotebookInstanceUrl", aNotebook)),
		m("SendCommand", do("ssm:SendCommand", anInstance)),
		m("StartSession", do("ssm:StartSession", anInstance)),
		m("SendSSHPublicKey", do("ec2-instance-connect:SendSSHPublicKey", anInstance)),
		m("ReplaceUserData", do("ec2:ModifyInstanceAttribute", anInstance), do("ec2:StopInstances", anInstance), do("ec2:StartInstances", anInstance)),
		m("ExecuteCommandInTask", do("ecs:ExecuteCommand", aTask), do("ecs:DescribeTasks", aTask)),
		m("UpdateStack", do("cloudformation:UpdateStack", aStack)),
		m("ExecuteChangeSet", do("cloudformation:CreateChangeSet", aStack), do("cloudformation:ExecuteChangeSet", aStack)),
	})
})

// passing returns the methods that pass a role to a service that runs code of the
// principal.
func passing(m func(string, ...step) method) []method {
	registered := do("ecs:RegisterTaskDefinition", aTaskDef)
	return []method{
		m("PassRoleToInstance", pass("ec2"), do("ec2:RunInstances", anInstance)),
		m("PassRoleToSpotInstance", pass("ec2"), do("ec2:RequestSpotInstances", "ec2:*:ACCOUNT:spot-instances-request/NAME")),
		m("PassRoleToRunningInstance", pass("ec2"), do("ec2:AssociateIamInstanceProfile", anInstance)),
		m("PassRoleToLaunchConfiguration", pass("ec2"),
			do("autoscaling:CreateLaunchConfiguration", "autoscaling:*:ACCOUNT:launchConfiguration:*:launchConfigurationName/NAME"),
			do("autoscaling:CreateAutoScalingGroup", "autoscaling:*:ACCOUNT:autoScalingGroup:*:autoScalingGroupName/NAME")),
		m("PassRoleToFunctionInvoked", pass("lambda"), do("lambda:CreateFunction", aFunction), do("lambda:InvokeFunction", aFunction)),
		m("PassRoleToFunctionOnEvents", pass("lambda"), do("lambda:CreateFunction", aFunction),
			do("lambda:CreateEventSourceMapping", "lambda:*:ACCOUNT:event-source-mapping:NAME")),
		m("PassRoleToFunctionShared", pass("lambda"), do("lambda:CreateFunction", aFunction), do("lambda:AddPermission", aFunction)),
		m("PassRoleToStack", pass("cloudformation"), do("cloudformation:CreateStack", aStack)),
		m("PassRoleToGlueDevEndpoint", pass("glue"), do("glue:CreateDevEndpoint", "glue:*:ACCOUNT:devEndpoint/NAME")),
		m("PassRoleToGlueJob", pass("glue"), do("glue:CreateJob", aGlueJob), do("glue:StartJobRun", aGlueJob)),
		m("PassRoleToGlueTrigger", pass("glue"), do("glue:CreateJob", aGlueJob), do("glue:CreateTrigger", "glue:*:ACCOUNT:trigger/NAME")),
		m("PassRoleToGlueJobUpdated", pass("glue"), do("glue:UpdateJob", aGlueJob), do("glue:StartJobRun", aGlueJob)),
		m("PassRoleToDataPipeline", pass("datapipeline"), do("datapipeline:CreatePipeline", "datapipeline:*:ACCOUNT:pipeline/NAME")),
		m("PassRoleToNotebook", pass("sagemaker"), do("sagemaker:CreateNotebookInstance", aNotebook), do("sagemaker:CreatePresignedNotebookInstanceUrl", aNotebook)),
		m("PassRoleToTrainingJob", pass("sagemaker"), do("sagemaker:CreateTrainingJob", "sagemaker:*:ACCOUNT:training-job/NAME")),
		m("PassRoleToProcessingJob", pass("sagemaker"), do("sagemaker:CreateProcessingJob", "sagemaker:*:ACCOUNT:processing-job/NAME")),
		m("PassRoleToBuild", pass("codebuild"), do("codebuild:CreateProject", aProject), do("codebuild:StartBuild", aProject)),
		m("PassRoleToBuildBatch", pass("codebuild"), do("codebuild:CreateProject", aProject), do("codebuild:StartBuildBatch", aProject)),
		m("PassRoleToBuildUpdated", pass("codebuild"), do("codebuild:UpdateProject", aProject), do("codebuild:StartBuild", aProject)),
		m("PassRoleToTaskRun", pass("ecs-tasks"), registered, do("ecs:RunTask", aTaskDef)),
		m("PassRoleToTaskStarted", pass("ecs-tasks"), registered, do("ecs:StartTask", aTaskDef)),
		m("PassRoleToECSService", pass("ecs-tasks"), registered, do("ecs:CreateService", "ecs:*:ACCOUNT:service/NAME/NAME")),
		m("PassRoleToAppRunner", pass("tasks.apprunner"), do("apprunner:CreateService", "apprunner:*:ACCOUNT:service/NAME/*")),
		m("PassRoleToStateMachine", pass("states"), do("states:CreateStateMachine", aMachine), do("states:StartExecution", aMachine)),
		m("PassRoleToBatchJob", pass("ecs-tasks"), do("batch:RegisterJobDefinition", "batch:*:ACCOUNT:job-definition/NAME"),
			do("batch:SubmitJob", "batch:*:ACCOUNT:job-definition/NAME")),
		m("PassRoleToAutomation", pass("ssm"), do("ssm:StartAutomationExecution", "ssm:*:ACCOUNT:automation-definition/NAME:*")),
		m("PassRoleToCluster", pass("ec2"), do("elasticmapreduce:RunJobFlow", "elasticmapreduce:*:ACCOUNT:cluster/NAME")),
		m("PassRoleToSchedule", pass("scheduler"), do("scheduler:CreateSchedule", "scheduler:*:ACCOUNT:schedule/default/NAME")),
		m("PassRoleToCodeInterpreter", pass("bedrock-agentcore"), do("bedrock-agentcore:CreateCodeInterpreter", anInterpreter),
			do("bedrock-agentcore:StartCodeInterpreterSession", anInterpreter), do("bedrock-agentcore:InvokeCodeInterpreter", anInterpreter)),
	}
}
